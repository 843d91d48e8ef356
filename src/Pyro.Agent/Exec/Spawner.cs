using System.Runtime.CompilerServices;
using Pyro.Agent.Native;

namespace Pyro.Agent.Exec;

/// <summary>Starts processes in a session of their own.</summary>
internal static unsafe class Spawner
{
    /// <summary>Starts a program.</summary>
    /// <param name="program">The file to run.</param>
    /// <param name="arguments">The arguments, the program's name first.</param>
    /// <param name="environment">NAME=value texts.</param>
    /// <param name="directory">The working directory.</param>
    /// <param name="stdio">Descriptors of standard input, output and error; all above 2.</param>
    /// <param name="terminal">Whether they are a terminal, which the process then controls.</param>
    /// <param name="cgroup">A descriptor of the cgroup to start in, or -1.</param>
    /// <param name="errno">Why it failed.</param>
    /// <param name="processId">The new process.</param>
    public static SpawnFailure Start(
        string program,
        IReadOnlyList<string> arguments,
        IReadOnlyList<string> environment,
        string directory,
        ReadOnlySpan<int> stdio,
        bool terminal,
        int cgroup,
        out int errno,
        out int processId)
    {
        using var arena = new NativeArena();
        var noMask = (ulong*)arena.Allocate(sizeof(ulong));
        var defaultAction = arena.Allocate(4 * sizeof(ulong));
        var steps = (SpawnStep*)arena.Allocate(10 * sizeof(SpawnStep));
        int count = 0;

        Add(steps, ref count, Linux.SYS_setsid);
        if (terminal)
            Add(steps, ref count, Linux.SYS_ioctl, stdio[0], (long)Linux.TIOCSCTTY, 0);
        for (int i = 0; i < 3; i++)
            Add(steps, ref count, Linux.SYS_dup2, stdio[i], i);
        Add(steps, ref count, Linux.SYS_close_range, 3, uint.MaxValue, 0);
        int directoryStep = count;
        Add(steps, ref count, Linux.SYS_chdir, (long)arena.Text(directory));
        Add(steps, ref count, Linux.SYS_rt_sigaction, Linux.SIGPIPE, (long)defaultAction, 0, sizeof(ulong));
        Add(steps, ref count, Linux.SYS_rt_sigprocmask, Linux.SIG_SETMASK, (long)noMask, 0, sizeof(ulong));
        int programStep = count;
        Add(steps, ref count, Linux.SYS_execve, (long)arena.Text(program), (long)arena.Texts(arguments), (long)arena.Texts(environment));

        var clone = new CloneArgs
        {
            Flags = Linux.CLONE_VM | Linux.CLONE_VFORK | Linux.CLONE_CLEAR_SIGHAND | (cgroup >= 0 ? Linux.CLONE_INTO_CGROUP : 0),
            ExitSignal = Linux.SIGCHLD,
            Cgroup = cgroup >= 0 ? (ulong)cgroup : 0,
        };

        // SAFETY: clone and steps outlive the call, which returns only when the child reads them no more; the child
        // writes nothing but their results.
        nint result = SpawnCode.Run(&clone, steps);
        processId = 0;
        if (result < 0)
        {
            errno = (int)-result;
            return SpawnFailure.Process;
        }

        for (int i = 0; i < count; i++)
        {
            long outcome = Volatile.Read(ref steps[i].Result);
            if (outcome is >= 0 or SpawnStep.NotReached)
                continue;

            int status;
            while (Libc.waitpid((int)result, &status, 0) < 0 && Sys.Errno == Linux.EINTR)
            {
            }

            errno = (int)-outcome;
            return i == programStep ? SpawnFailure.Program : i == directoryStep ? SpawnFailure.Directory : SpawnFailure.Process;
        }

        errno = 0;
        processId = (int)result;
        return SpawnFailure.None;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Add(SpawnStep* steps, ref int count, long number, long a0 = 0, long a1 = 0, long a2 = 0, long a3 = 0)
    {
        SpawnStep* step = steps + count++;
        step->Number = number;
        step->Arguments[0] = a0;
        step->Arguments[1] = a1;
        step->Arguments[2] = a2;
        step->Arguments[3] = a3;
        step->Result = SpawnStep.NotReached;
    }
}
