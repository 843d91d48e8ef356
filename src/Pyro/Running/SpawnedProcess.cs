using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Kvm.Native;

namespace Pyro.Running;

/// <summary>
/// A program of the host's, run as a shell does: found by <c>PATH</c>, in a process group of its own, with three pipes or
/// with this process's terminal. <see cref="System.Diagnostics.Process"/> looks for programs beside its own executable
/// first, gives the child no process group of its own, and cannot tell "not found" from "not executable".
/// </summary>
internal sealed unsafe class SpawnedProcess
{
    private readonly Lock _gate = new();
    private readonly ChildProcess _child;
    private readonly bool _ownGroup;
    private bool _reaped;

    private SpawnedProcess(ChildProcess child, bool ownGroup)
    {
        _child = child;
        _ownGroup = ownGroup;
    }

    internal int Pid => _child.Pid;

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
    /// <exception cref="PyroException">Its pipes cannot be made.</exception>
    internal static SpawnedProcess? TryStart(IReadOnlyList<string> command, IReadOnlyList<string> environment, string? folder, bool inherit, out int errno)
    {
        errno = 0;
        SafeFileHandle[] ends = inherit ? [] : [.. NewPipe(), .. NewPipe(), .. NewPipe()];
        bool started = false;
        try
        {
            IReadOnlyList<(int, SafeHandle)> childs = inherit ? [] : [(0, ends[0]), (1, ends[3]), (2, ends[5])];
            ChildOptions options = ChildOptions.SearchPath | (inherit ? ChildOptions.None : ChildOptions.NewGroup);
            ChildProcess child = ChildProcess.Start(command[0], command, environment, childs, options, folder);
            started = true;
            return inherit
                ? new SpawnedProcess(child, ownGroup: false)
                : new SpawnedProcess(child, ownGroup: true) { Stdin = ends[1], Stdout = ends[2], Stderr = ends[4] };
        }
        catch (LinuxException e)
        {
            errno = e.Errno;
            return null;
        }
        finally
        {
            foreach (SafeFileHandle end in inherit ? [] : started ? [ends[0], ends[3], ends[5]] : ends)
                end.Dispose();
        }
    }

    /// <summary>Blocks until the child ends. Once.</summary>
    /// <returns>Its exit code, or 128 and the number of the signal that ended it.</returns>
    internal int Wait()
    {
        // WNOWAIT leaves the number taken, so that a signal sent to the group meanwhile cannot meet a stranger.
        siginfo info;
        // SAFETY: the kernel fills in exactly the struct.
        while (Libc.waitid(Uapi.P_PID, (uint)Pid, &info, Uapi.WEXITED | Uapi.WNOWAIT) < 0 && Marshal.GetLastPInvokeError() == Uapi.EINTR)
        {
        }
        lock (_gate)
        {
            if (_ownGroup)
                _ = Libc.kill(-Pid, Uapi.SIGKILL);
            ExitStatus end = _child.Wait();
            _reaped = true;
            _child.Dispose();
            return end.Signal == 0 ? end.Code : 128 + end.Signal;
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

    // The end to read from, then the one to write to.
    private static SafeFileHandle[] NewPipe()
    {
        int* pipe = stackalloc int[2];
        // SAFETY: the kernel writes two descriptors.
        if (Libc.pipe2(pipe, Uapi.O_CLOEXEC) != 0)
            throw new PyroException(ErrorCodes.ExecFailed, $"the command's pipes cannot be made: {Errno.Text(Marshal.GetLastPInvokeError())}", "Raise the limit of open files: ulimit -n");
        return [new SafeFileHandle(pipe[0], ownsHandle: true), new SafeFileHandle(pipe[1], ownsHandle: true)];
    }
}
