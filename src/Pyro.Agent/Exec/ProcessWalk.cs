using Pyro.Agent.Native;

namespace Pyro.Agent.Exec;

/// <summary>
/// Finds and kills the descendants of a process in /proc, for kernels without cgroup v2: by parent, by session, and by a
/// variable in their environment, which those have that left the session and lost their parent.
/// </summary>
internal static class ProcessWalk
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
        List<ProcessStat> all = ProcessStat.ReadAll();
        var tree = new HashSet<int> { root };
        foreach (ProcessStat process in all)
        {
            if (process.Session == root || HasMarker(process.Id, markerWithNul))
                tree.Add(process.Id);
        }

        bool grew = true;
        while (grew)
        {
            grew = false;
            foreach (ProcessStat process in all)
                grew |= tree.Contains(process.Parent) && tree.Add(process.Id);
        }

        return tree;
    }

    private static bool HasMarker(int id, ReadOnlySpan<byte> markerWithNul)
    {
        var environment = new byte[128 * 1024];
        int length = Sys.ReadFile(Sys.Utf8("/proc/" + id + "/environ"), environment);
        return length > 0 && environment.AsSpan(0, length).IndexOf(markerWithNul) >= 0;
    }
}
