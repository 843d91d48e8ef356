using System.Text;
using Pyro.Agent.Native;

namespace Pyro.Agent.Exec;

/// <summary>
/// Stops all processes but the agent between two of their instructions, and lets them go on: those of commands, and where
/// the agent is the machine's init also those that made cgroups of their own or left the ones they were started in.
/// </summary>
internal static class Freezer
{
    private const string Stray = "stray";
    private const int MostNamed = 3;

    /// <summary>Asks all processes to stop; <see cref="IsFrozen"/> tells when they have.</summary>
    public static void Freeze()
    {
        foreach (string group in Groups())
            Write(group + "/cgroup.freeze", "1");
    }

    /// <summary>Whether all stand still. Looks for such as have appeared since, and stops them too.</summary>
    public static bool IsFrozen()
    {
        bool frozen = true;
        foreach (string group in Groups())
        {
            if (Reads(group + "/cgroup.freeze", "1"))
            {
                frozen &= Reads(group + "/cgroup.events", "frozen 1");
                continue;
            }

            frozen = false;
            Write(group + "/cgroup.freeze", "1");
        }

        // Last: a process that runs could start another behind our back, one that stands still cannot.
        return frozen && !(CgroupRoot.IsWholeMachine && CollectStrays());
    }

    /// <summary>Lets all go on.</summary>
    public static void Thaw()
    {
        foreach (string group in Groups())
            Write(group + "/cgroup.freeze", "0");
    }

    /// <summary>Names some of those that wait for a device and so do not stop, for messages.</summary>
    public static string DescribeBusy()
    {
        ProcessStat[] busy = [.. ProcessStat.ReadAll().Where(p => p.State == 'D' && !p.IsKernelThread)];
        return busy.Length == 0
            ? "none of them waits for a device"
            : "these wait for a device: " + string.Join(", ", busy.Take(MostNamed).Select(p => $"{p.Name} ({p.Id})")) + (busy.Length > MostNamed ? " and others" : "");
    }

    // The root of the tree itself, where the agent is, cannot be frozen.
    private static IEnumerable<string> Groups() => CgroupRoot.IsWholeMachine
        ? Folder.FoldersIn(CgroupRoot.MountPoint).Select(name => CgroupRoot.MountPoint + "/" + name)
        : [CgroupRoot.Path];

    // Nothing that the agent starts is in the root, unless a cgroup could not be made; but root may move what it likes.
    private static bool CollectStrays()
    {
        bool found = false;
        string group = CgroupRoot.Path + "/" + Stray;
        foreach (string line in ReadText(CgroupRoot.MountPoint + "/cgroup.procs").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!int.TryParse(line, out int id) || id == Libc.getpid() || ProcessStat.Read(id) is not { IsKernelThread: false, State: not 'Z' })
                continue;

            if (!found)
                CgroupRoot.EnsureGroup(Stray);
            found = true;
            Write(group + "/cgroup.procs", line);
        }

        return found;
    }

    private static bool Reads(string path, string line) => ReadText(path).Split('\n').Contains(line);

    private static string ReadText(string path)
    {
        var text = new byte[64 * 1024];
        int length = Sys.ReadFile(Sys.Utf8(path), text);
        return Encoding.UTF8.GetString(text.AsSpan(0, Math.Max(length, 0)));
    }

    // What fails here shows in what is read afterwards.
    private static void Write(string path, string text)
    {
        int file = Sys.Open(Sys.Utf8(path), Linux.O_WRONLY);
        if (file < 0)
            return;
        _ = Sys.Write(file, Encoding.UTF8.GetBytes(text));
        Sys.Close(ref file);
    }
}
