using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text;
using Pyro.Agent.Native;

namespace Pyro.Agent.Exec;

/// <summary>
/// Finds and kills the descendants of a process in /proc, for kernels without cgroup v2: by parent, by session, and by a
/// variable in their environment, which those have that left the session and lost their parent.
/// </summary>
internal static unsafe class ProcessWalk
{
    private const int MaxPasses = 50;

    /// <summary>Kills until a pass finds none, so that what is forked meanwhile is found too.</summary>
    public static void Kill(int root, ReadOnlySpan<byte> markerWithNul)
    {
        var killed = new HashSet<int>();
        for (int pass = 0; pass < MaxPasses; pass++)
        {
            bool found = false;
            foreach (int process in Find(root, markerWithNul))
            {
                // A killed process stays in /proc until it is reaped, which happens after this.
                found |= killed.Add(process);
                _ = Libc.kill(process, Linux.SIGKILL);
            }

            if (!found)
                return;
        }
    }

    private static HashSet<int> Find(int root, ReadOnlySpan<byte> markerWithNul)
    {
        List<(int Id, int Parent, int Session)> all = ReadAll();
        var tree = new HashSet<int> { root };
        foreach ((int id, _, int session) in all)
        {
            if (session == root || HasMarker(id, markerWithNul))
                tree.Add(id);
        }

        bool grew = true;
        while (grew)
        {
            grew = false;
            foreach ((int id, int parent, _) in all)
                grew |= tree.Contains(parent) && tree.Add(id);
        }

        return tree;
    }

    private static List<(int Id, int Parent, int Session)> ReadAll()
    {
        var all = new List<(int, int, int)>();
        int directory = Sys.Open("/proc\0"u8, Linux.O_RDONLY | Linux.O_DIRECTORY);
        if (directory < 0)
            return all;

        Span<byte> entries = stackalloc byte[8192];
        int length;
        while ((length = ReadEntries(directory, entries)) > 0)
        {
            // struct linux_dirent64: u64 ino, i64 off, u16 length, u8 type, name and NUL.
            for (int at = 0; at + 19 < length; at += BinaryPrimitives.ReadUInt16LittleEndian(entries[(at + 16)..]))
            {
                ReadOnlySpan<byte> name = entries[(at + 19)..length];
                if (Utf8Parser.TryParse(name[..Math.Max(name.IndexOf((byte)0), 0)], out int id, out _)
                    && TryReadStat(id, out int parent, out int session))
                    all.Add((id, parent, session));
            }
        }

        Sys.Close(ref directory);
        return all;
    }

    private static int ReadEntries(int directory, Span<byte> buffer)
    {
        fixed (byte* p = buffer)
            return (int)Libc.getdents64(directory, p, (nuint)buffer.Length);
    }

    // "pid (name) state ppid pgrp session ..."; the name may hold anything, so the last ')' counts.
    private static bool TryReadStat(int id, out int parent, out int session)
    {
        parent = session = 0;
        Span<byte> text = stackalloc byte[512];
        int length = Sys.ReadFile(Sys.Utf8("/proc/" + id + "/stat"), text);
        if (length <= 0)
            return false;

        string[] fields = Encoding.Latin1.GetString(text[(text[..length].LastIndexOf((byte)')') + 1)..length]).Split(' ');
        return fields.Length > 4 && int.TryParse(fields[2], out parent) && int.TryParse(fields[4], out session);
    }

    private static bool HasMarker(int id, ReadOnlySpan<byte> markerWithNul)
    {
        var environment = new byte[128 * 1024];
        int length = Sys.ReadFile(Sys.Utf8("/proc/" + id + "/environ"), environment);
        return length > 0 && environment.AsSpan(0, length).IndexOf(markerWithNul) >= 0;
    }
}
