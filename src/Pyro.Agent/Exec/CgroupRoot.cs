using System.Text;
using Pyro.Agent.Native;

namespace Pyro.Agent.Exec;

/// <summary>The folder of the cgroup v2 tree below which every command gets a group of its own.</summary>
internal static unsafe class CgroupRoot
{
    private static readonly List<string> s_left = [];
    private static string s_mountPoint = "";
    private static string s_path = "";
    private static bool s_isWholeMachine;
    private static int s_directory = -1;
    private static int s_last;

    /// <summary>Whether there is one: then all that descends from a command can be killed at one stroke.</summary>
    public static bool Available => s_directory >= 0;

    /// <summary>Where the tree is mounted.</summary>
    public static string MountPoint => s_mountPoint;

    /// <summary>The folder.</summary>
    public static string Path => s_path;

    /// <summary>Whether the agent is this machine's init, and all other processes are its business.</summary>
    public static bool IsWholeMachine => s_isWholeMachine;

    /// <summary>Makes the folder under a mounted tree. Without one, or without cgroup.kill (Linux 5.14), nothing happens.</summary>
    public static void Open(string mountPoint, string name, bool isWholeMachine)
    {
        s_mountPoint = mountPoint;
        s_isWholeMachine = isWholeMachine;
        s_path = mountPoint + "/" + name;
        byte[] path = Sys.Utf8(s_path);
        fixed (byte* p = path)
            _ = Libc.mkdir(p, 0x1ed);
        int directory = Sys.Open(path, Linux.O_PATH | Linux.O_DIRECTORY);
        if (directory < 0)
            return;

        fixed (byte* kill = "cgroup.kill"u8)
        {
            if (Libc.faccessat(directory, kill, 2, Linux.AT_EACCESS) == 0)
                s_directory = directory;
            else
                Sys.Close(ref directory);
        }
    }

    /// <summary>Where a cgroup v2 tree is mounted, told by /proc/self/mounts, or null.</summary>
    public static string? FindMount()
    {
        var mounts = new byte[64 * 1024];
        int length = Sys.ReadFile("/proc/self/mounts\0"u8, mounts);
        ReadOnlySpan<byte> rest = mounts.AsSpan(0, Math.Max(length, 0));
        while (!rest.IsEmpty)
        {
            int end = rest.IndexOf((byte)'\n');
            ReadOnlySpan<byte> line = end < 0 ? rest : rest[..end];
            rest = end < 0 ? [] : rest[(end + 1)..];
            if (!line.StartsWith("cgroup2 "u8))
                continue;

            line = line["cgroup2 ".Length..];
            int space = line.IndexOf((byte)' ');
            if (space > 0)
                return Encoding.UTF8.GetString(line[..space]);
        }

        return null;
    }

    /// <summary>Makes a group for one command; its name and a descriptor to start in, or null.</summary>
    public static string? Create(out int group)
    {
        group = -1;
        if (!Available)
            return null;

        string name = (++s_last).ToString();
        fixed (byte* p = Sys.Utf8(name))
        {
            if (Libc.mkdirat(s_directory, p, 0x1ed) < 0)
                return null;
            group = Libc.openat(s_directory, p, Linux.O_PATH | Linux.O_DIRECTORY | Linux.O_CLOEXEC, 0);
        }

        if (group >= 0)
            return name;

        Remove(name);
        return null;
    }

    /// <summary>Makes a group that is not a command's, unless it is there.</summary>
    public static void EnsureGroup(string name)
    {
        fixed (byte* p = Sys.Utf8(name))
            _ = Libc.mkdirat(s_directory, p, 0x1ed);
    }

    /// <summary>Kills every process of a group.</summary>
    public static void Kill(string name)
    {
        fixed (byte* p = Sys.Utf8(name + "/cgroup.kill"))
        {
            int file = Libc.openat(s_directory, p, Linux.O_WRONLY | Linux.O_CLOEXEC, 0);
            if (file < 0)
                return;
            _ = Sys.Write(file, "1"u8);
            Sys.Close(ref file);
        }
    }

    /// <summary>Removes a group, or remembers it while processes that the command left behind are in it.</summary>
    public static void Remove(string name)
    {
        if (!TryRemove(name))
            s_left.Add(name);
    }

    /// <summary>Removes the groups whose last process is gone. For when an orphan was reaped.</summary>
    public static void RemoveLeft()
    {
        for (int i = s_left.Count - 1; i >= 0; i--)
        {
            if (TryRemove(s_left[i]))
                s_left.RemoveAt(i);
        }
    }

    /// <summary>Removes the folder itself, if all groups in it are gone.</summary>
    public static void Close()
    {
        RemoveLeft();
        Sys.Close(ref s_directory);
        fixed (byte* p = Sys.Utf8(s_path))
            _ = Libc.unlinkat(Linux.AT_FDCWD, p, Linux.AT_REMOVEDIR);
    }

    private static bool TryRemove(string name)
    {
        fixed (byte* p = Sys.Utf8(name))
            return Libc.unlinkat(s_directory, p, Linux.AT_REMOVEDIR) == 0 || Sys.Errno != Linux.EBUSY;
    }
}
