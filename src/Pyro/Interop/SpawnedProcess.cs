using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Pyro.Interop;

/// <summary>
/// A child process made by <c>posix_spawnp</c>. <see cref="System.Diagnostics.Process"/> looks for programs beside
/// its own executable first, gives the child no process group of its own, and cannot tell "not found" from "not
/// executable" as a shell does.
/// </summary>
internal sealed unsafe partial class SpawnedProcess
{
    private const short POSIX_SPAWN_SETPGROUP = 0x02;
    private const short POSIX_SPAWN_SETSIGDEF = 0x04;
    private const short POSIX_SPAWN_SETSIGMASK = 0x08;

    // glibc's types are 80, 336 and 128 bytes; room to spare costs nothing.
    private const int ActionsSize = 256, AttributesSize = 512, SignalSetSize = 128;

    private const int P_PID = 1, WEXITED = 4, WNOWAIT = 0x01000000;

    private readonly Lock _gate = new();
    private readonly bool _ownGroup;
    private bool _reaped;

    private SpawnedProcess(int pid, bool ownGroup)
    {
        Pid = pid;
        _ownGroup = ownGroup;
    }

    internal int Pid { get; }

    /// <summary>The parent's ends of the child's pipes; null where the child shares the parent's descriptor.</summary>
    internal SafeFileHandle? Stdin { get; private init; }

    internal SafeFileHandle? Stdout { get; private init; }

    internal SafeFileHandle? Stderr { get; private init; }

    /// <summary>Starts a program found by <c>PATH</c>.</summary>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="environment">The whole environment, as <c>NAME=VALUE</c>.</param>
    /// <param name="folder">Its working directory, or null for this process's.</param>
    /// <param name="inherit">Share this process's descriptors and process group, for a terminal.</param>
    /// <param name="errno">Why it could not be started, else 0.</param>
    /// <returns>The child, or null.</returns>
    internal static SpawnedProcess? TryStart(IReadOnlyList<string> command, IReadOnlyList<string> environment, string? folder, bool inherit, out int errno)
    {
        SafeFileHandle[] mine = [], childs = [];
        bool started = false;
        byte* actions = stackalloc byte[ActionsSize];
        byte* attributes = stackalloc byte[AttributesSize];
        byte* signals = stackalloc byte[SignalSetSize];
        byte** argv = CStrings(command);
        byte** envp = CStrings(environment);
        Must(posix_spawn_file_actions_init(actions));
        Must(posix_spawnattr_init(attributes));
        try
        {
            if (folder is not null)
                Must(posix_spawn_file_actions_addchdir_np(actions, folder));
            if (!inherit)
            {
                (mine, childs) = NewPipes();
                for (int fd = 0; fd < 3; fd++)
                    Must(posix_spawn_file_actions_adddup2(actions, (int)childs[fd].DangerousGetHandle(), fd));
                Must(posix_spawnattr_setpgroup(attributes, 0));
            }
            // The runtime ignores SIGPIPE and catches others; the child starts as from a shell.
            Must(sigemptyset(signals));
            Must(posix_spawnattr_setsigmask(attributes, signals));
            Must(sigfillset(signals));
            Must(posix_spawnattr_setsigdefault(attributes, signals));
            Must(posix_spawnattr_setflags(attributes, (short)(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | (inherit ? 0 : POSIX_SPAWN_SETPGROUP))));

            int pid;
            errno = posix_spawnp(&pid, argv[0], actions, attributes, argv, envp);
            if (errno != 0)
                return null;
            started = true;
            return inherit
                ? new SpawnedProcess(pid, ownGroup: false)
                : new SpawnedProcess(pid, ownGroup: true) { Stdin = mine[0], Stdout = mine[1], Stderr = mine[2] };
        }
        finally
        {
            foreach (SafeFileHandle end in started ? childs : [.. childs, .. mine])
                end.Dispose();
            _ = posix_spawn_file_actions_destroy(actions);
            _ = posix_spawnattr_destroy(attributes);
            Free(argv);
            Free(envp);
        }
    }

    /// <summary>Blocks until the child ends.</summary>
    /// <returns>Its exit code, or 128 and the number of the signal that ended it.</returns>
    internal int Wait()
    {
        // WNOWAIT leaves the pid taken, so that a signal sent meanwhile cannot meet a stranger.
        byte* info = stackalloc byte[128];
        while (waitid(P_PID, Pid, info, WEXITED | WNOWAIT) < 0 && Marshal.GetLastPInvokeError() == Libc.EINTR)
        {
        }
        lock (_gate)
        {
            if (_ownGroup)
                _ = Libc.kill(-Pid, Libc.SIGKILL);
            int status;
            _ = Libc.waitpid(Pid, &status, 0);
            _reaped = true;
            int signal = status & 0x7F;
            return signal == 0 ? (status >> 8) & 0xFF : 128 + signal;
        }
    }

    /// <summary>Sends a signal to the child's process group.</summary>
    internal void Signal(int signal)
    {
        lock (_gate)
        {
            if (!_reaped)
                _ = Libc.kill(_ownGroup ? -Pid : Pid, signal);
        }
    }

    private static (SafeFileHandle[] Mine, SafeFileHandle[] Childs) NewPipes()
    {
        int* fds = stackalloc int[6];
        for (int pipe = 0; pipe < 3; pipe++)
        {
            if (Libc.pipe2(fds + (2 * pipe), Libc.O_CLOEXEC) == 0)
                continue;
            int errno = Marshal.GetLastPInvokeError();
            for (int open = 0; open < 2 * pipe; open++)
                _ = Libc.close(fds[open]);
            throw new PyroException(ErrorCodes.ExecFailed, $"the command's pipes cannot be made: {Marshal.GetPInvokeErrorMessage(errno)}", "Raise the limit of open files: ulimit -n");
        }
        return ([Handle(fds[1]), Handle(fds[2]), Handle(fds[4])], [Handle(fds[0]), Handle(fds[3]), Handle(fds[5])]);
    }

    private static void Must(int errno)
    {
        if (errno != 0)
            throw new PyroException(ErrorCodes.ExecFailed, $"the command cannot be prepared: {Marshal.GetPInvokeErrorMessage(errno)}");
    }

    private static SafeFileHandle Handle(int fd) => new(fd, ownsHandle: true);

    private static byte** CStrings(IReadOnlyList<string> words)
    {
        // SAFETY: one pointer a word and the null that ends the list; Free walks to that null.
        byte** list = (byte**)NativeMemory.AllocZeroed((nuint)(words.Count + 1), (nuint)sizeof(byte*));
        for (int i = 0; i < words.Count; i++)
        {
            int length = Encoding.UTF8.GetByteCount(words[i]);
            list[i] = (byte*)NativeMemory.AllocZeroed((nuint)length + 1);
            Encoding.UTF8.GetBytes(words[i], new Span<byte>(list[i], length));
        }
        return list;
    }

    private static void Free(byte** list)
    {
        for (byte** word = list; *word is not null; word++)
            NativeMemory.Free(*word);
        NativeMemory.Free(list);
    }

    [LibraryImport("libc")]
    private static partial int posix_spawnp(int* pid, byte* file, byte* actions, byte* attributes, byte** argv, byte** envp);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_init(byte* actions);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_destroy(byte* actions);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_adddup2(byte* actions, int fd, int target);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int posix_spawn_file_actions_addchdir_np(byte* actions, string path);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_init(byte* attributes);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_destroy(byte* attributes);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setflags(byte* attributes, short flags);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setpgroup(byte* attributes, int group);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setsigmask(byte* attributes, byte* signals);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setsigdefault(byte* attributes, byte* signals);

    [LibraryImport("libc")]
    private static partial int sigemptyset(byte* signals);

    [LibraryImport("libc")]
    private static partial int sigfillset(byte* signals);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int waitid(int kind, int id, byte* info, int options);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(int fd, int command, int argument);
}
