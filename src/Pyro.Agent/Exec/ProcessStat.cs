using System.Text;
using Pyro.Agent.Native;

namespace Pyro.Agent.Exec;

/// <summary>A process as <c>/proc</c> tells of it.</summary>
internal readonly record struct ProcessStat(int Id, string Name, char State, int Parent, int Session, bool IsKernelThread)
{
    private const uint PF_KTHREAD = 0x00200000;

    /// <summary>All processes there are.</summary>
    public static List<ProcessStat> ReadAll()
    {
        var all = new List<ProcessStat>();
        foreach (string name in Folder.FoldersIn("/proc"))
        {
            if (int.TryParse(name, out int id) && Read(id) is { } process)
                all.Add(process);
        }

        return all;
    }

    /// <summary>One process, or null if it is gone.</summary>
    public static ProcessStat? Read(int id)
    {
        Span<byte> text = stackalloc byte[512];
        int length = Sys.ReadFile(Sys.Utf8("/proc/" + id + "/stat"), text);
        if (length <= 0)
            return null;

        // "pid (name) state ppid pgrp session tty tpgid flags ..."; the name may hold anything, so the last ')' counts.
        string line = Encoding.Latin1.GetString(text[..length]);
        int open = line.IndexOf('('), close = line.LastIndexOf(')');
        if (open < 0 || close < open)
            return null;
        string[] fields = line[(close + 1)..].Split(' ');
        return fields.Length > 7 && fields[1].Length == 1 && int.TryParse(fields[2], out int parent) && int.TryParse(fields[4], out int session) && uint.TryParse(fields[7], out uint flags)
            ? new ProcessStat(id, line[(open + 1)..close], fields[1][0], parent, session, (flags & PF_KTHREAD) != 0)
            : null;
    }
}
