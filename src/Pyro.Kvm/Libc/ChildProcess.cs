using System.Runtime.InteropServices;
using Pyro.Kvm.Native;

namespace Pyro.Kvm;

/// <summary>A child process started with <c>posix_spawn</c>: no fork of a runtime with threads, and only the descriptors it is given.</summary>
public sealed unsafe class ChildProcess : IDisposable
{
    private readonly FileDescriptor _pidfd;

    private ChildProcess(int pid, FileDescriptor pidfd)
    {
        Pid = pid;
        _pidfd = pidfd;
    }

    /// <summary>The process's number; its own until <see cref="Wait"/> has seen its end.</summary>
    public int Pid { get; }

    /// <summary>A descriptor that polls readable when the process has ended.</summary>
    public FileDescriptor Handle => _pidfd;

    /// <summary>Starts a program with default signal handling and no signal blocked.</summary>
    /// <param name="path">The executable.</param>
    /// <param name="arguments">The arguments, with the name as the first.</param>
    /// <param name="environment">The environment as <c>NAME=value</c>.</param>
    /// <param name="descriptors">
    /// What the child has open: the number there, and the descriptor here. Whatever else is open here must be marked close-on-exec,
    /// as everything is that this library and the runtime open. Numbers not named, 0 to 2 among them, are inherited as they are.
    /// </param>
    /// <param name="options">How it is started.</param>
    /// <param name="folder">Its working directory, or null for this process's.</param>
    /// <exception cref="LinuxException">The program cannot be started.</exception>
    public static ChildProcess Start(
        string path,
        IReadOnlyList<string> arguments,
        IReadOnlyList<string> environment,
        IReadOnlyList<(int Number, SafeHandle Descriptor)> descriptors,
        ChildOptions options = ChildOptions.None,
        string? folder = null)
    {
        // SAFETY: all that posix_spawn is given lives in this frame or in native memory that StringVector frees after the call.
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        Check(Libc.posix_spawn_file_actions_init(&actions), path);
        Check(Libc.posix_spawnattr_init(&attributes), path);
        int held = 0;
        try
        {
            using var argv = new StringVector(arguments);
            using var envp = new StringVector(environment);
            for (; held < descriptors.Count; held++)
            {
                bool added = false;
                descriptors[held].Descriptor.DangerousAddRef(ref added);
            }
            if (folder is not null)
            {
                Check(Libc.posix_spawn_file_actions_addchdir_np(&actions, folder), path);
            }
            AddDescriptors(&actions, descriptors, path);
            SetAttributes(&attributes, options, path);
            int pid;
            Check(
                options.HasFlag(ChildOptions.SearchPath)
                    ? Libc.posix_spawnp(&pid, path, &actions, &attributes, argv.Pointer, envp.Pointer)
                    : Libc.posix_spawn(&pid, path, &actions, &attributes, argv.Pointer, envp.Pointer),
                path);
            return new ChildProcess(pid, OpenPidfd(pid));
        }
        finally
        {
            while (held > 0)
            {
                descriptors[--held].Descriptor.DangerousRelease();
            }
            _ = Libc.posix_spawnattr_destroy(&attributes);
            _ = Libc.posix_spawn_file_actions_destroy(&actions);
        }
    }

    /// <summary>Waits for the process to end, and reaps it. Once.</summary>
    /// <exception cref="LinuxException">It has been reaped already (ECHILD).</exception>
    public ExitStatus Wait()
    {
        int status;
        int result;
        do
        {
            // SAFETY: the kernel writes the status to a local.
            result = Libc.waitpid(Pid, &status, 0);
        }
        while (result < 0 && Marshal.GetLastPInvokeError() == Uapi.EINTR);
        return result < 0 ? throw LinuxException.Last("waitpid", Pid.ToString()) : ExitStatus.Decode(status);
    }

    /// <summary>Sends a signal, to this process alone even if its number has been given away since. False if it has ended.</summary>
    /// <exception cref="LinuxException">The signal may not be sent.</exception>
    public bool TryKill(int signal = Uapi.SIGKILL)
    {
        bool added = false;
        _pidfd.DangerousAddRef(ref added);
        try
        {
            if (Libc.syscall(Uapi.__NR_pidfd_send_signal, _pidfd.Number, signal) >= 0)
            {
                return true;
            }
            return Marshal.GetLastPInvokeError() == Uapi.ESRCH ? false : throw LinuxException.Last("pidfd_send_signal", Pid.ToString());
        }
        finally
        {
            _pidfd.DangerousRelease();
        }
    }

    /// <summary>Lets go of the process without ending it.</summary>
    public void Dispose() => _pidfd.Dispose();

    private static FileDescriptor OpenPidfd(int pid)
    {
        var pidfd = new FileDescriptor(Libc.pidfd_open(pid));
        if (pidfd.IsInvalid)
        {
            // The child is not reaped yet, so the number is still its own.
            LinuxException error = LinuxException.Last("pidfd_open", pid.ToString());
            _ = Libc.kill(pid, Uapi.SIGKILL);
            _ = Libc.waitpid(pid, null, 0);
            throw error;
        }
        return pidfd;
    }

    // Descriptors are first moved out of the way of the numbers they are wanted under, which could be others' of them.
    private static void AddDescriptors(posix_spawn_file_actions_t* actions, IReadOnlyList<(int Number, SafeHandle Descriptor)> descriptors, string path)
    {
        int free = 0;
        foreach ((int number, SafeHandle descriptor) in descriptors)
        {
            free = Math.Max(free, Math.Max(number, (int)descriptor.DangerousGetHandle()) + 1);
        }
        for (int i = 0; i < descriptors.Count; i++)
        {
            Check(Libc.posix_spawn_file_actions_adddup2(actions, (int)descriptors[i].Descriptor.DangerousGetHandle(), free + i), path);
        }
        for (int i = 0; i < descriptors.Count; i++)
        {
            Check(Libc.posix_spawn_file_actions_adddup2(actions, free + i, descriptors[i].Number), path);
            Check(Libc.posix_spawn_file_actions_addclose(actions, free + i), path);
        }
    }

    private static void SetAttributes(posix_spawnattr_t* attributes, ChildOptions options, string path)
    {
        __sigset_t none;
        __sigset_t all;
        _ = Libc.sigemptyset(&none);
        _ = Libc.sigfillset(&all);
        Check(Libc.posix_spawnattr_setsigmask(attributes, &none), path);
        Check(Libc.posix_spawnattr_setsigdefault(attributes, &all), path);
        int flags = Uapi.POSIX_SPAWN_SETSIGMASK | Uapi.POSIX_SPAWN_SETSIGDEF;
        if (options.HasFlag(ChildOptions.NewSession))
        {
            flags |= Uapi.POSIX_SPAWN_SETSID;
        }
        if (options.HasFlag(ChildOptions.NewGroup))
        {
            Check(Libc.posix_spawnattr_setpgroup(attributes, 0), path);
            flags |= Uapi.POSIX_SPAWN_SETPGROUP;
        }
        Check(Libc.posix_spawnattr_setflags(attributes, (short)flags), path);
    }

    private static void Check(int error, string path)
    {
        if (error != 0)
        {
            throw new LinuxException("posix_spawn", path, error);
        }
    }
}
