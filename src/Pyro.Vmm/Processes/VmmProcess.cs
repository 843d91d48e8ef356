using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Kvm.Native;

namespace Pyro.Vmm.Processes;

/// <summary>
/// A VMM process seen from the process that started it. The two share a socket pair: its closing tells either of the
/// other's death at once, whatever the cause.
/// </summary>
public sealed class VmmProcess : IAsyncDisposable
{
    private readonly ControlSocket _control;
    private readonly Lock _lifetime = new();
    private readonly TaskCompletionSource<MachineStarted> _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<MachineExit> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _silent = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _mayBeReaped;
    private bool _stopRequested;

    private VmmProcess(int processId, ControlSocket control)
    {
        ProcessId = processId;
        _control = control;
    }

    /// <summary>The process's id.</summary>
    public int ProcessId { get; }

    /// <summary>Completes when the guest's first instruction is next; fails with <see cref="VmmException"/> if the machine cannot be built.</summary>
    public Task<MachineStarted> Started => _started.Task;

    /// <summary>Completes when the machine has ended, however: a VMM process that dies is an end too.</summary>
    public Task<MachineExit> Exited => _exited.Task;

    /// <summary>Starts a VMM process.</summary>
    /// <param name="executable">The <c>pyro</c> executable; usually this very one.</param>
    /// <param name="config">The machine.</param>
    /// <param name="descriptors">The files that <paramref name="config"/> names by index; they stay the caller's.</param>
    /// <exception cref="LinuxException">The process cannot be started.</exception>
    public static VmmProcess Launch(string executable, MachineConfig config, ReadOnlySpan<SafeFileHandle> descriptors)
    {
        (SafeFileHandle ours, SafeFileHandle theirs) = UnixSocket.CreatePair();
        int pid;
        using (theirs)
        {
            SafeFileHandle? log = config.LogDescriptor is int i ? descriptors[i] : null;
            pid = ChildProcess.Spawn(executable, VmmHost.Verb, theirs, log);
        }

        var process = new VmmProcess(pid, new ControlSocket(ours));
        process._control.SendConfig(config, descriptors);
        new Thread(process.Listen, maxStackSize: 256 * 1024) { IsBackground = true, Name = $"vmm {pid}" }.Start();
        return process;
    }

    /// <summary>Asks for the machine's end, as by pulling its plug; <see cref="Exited"/> tells when.</summary>
    public void Stop()
    {
        _stopRequested = true;
        _control.Send(new VmmRequest(VmmCommand.Stop), ProcessJson.Default.VmmRequest);
    }

    /// <summary>Kills the process; it cannot refuse.</summary>
    public void Kill()
    {
        _stopRequested = true;
        lock (_lifetime)
        {
            // Until it is reaped the id is its own; after that it may be any process's.
            if (!_mayBeReaped)
            {
                _ = Libc.kill(ProcessId, Uapi.SIGKILL);
            }
        }
    }

    /// <summary>
    /// Kills the process if it still runs and waits until it runs no more. Taking its virtual machine apart keeps the
    /// kernel busy for some more milliseconds, which nobody needs to wait for; the process is reaped after that.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        Kill();
        await _silent.Task.ConfigureAwait(false);
    }

    private void Listen()
    {
        while (_control.TryReceive(ProcessJson.Default.VmmEvent, out VmmEvent? message))
        {
            switch (message)
            {
                case MachineStarted started:
                    _started.TrySetResult(started);
                    break;
                case MachineFailed failed:
                    _started.TrySetException(new VmmException(failed.Code, failed.Message));
                    _exited.TrySetResult(new MachineExit(MachineExitReason.InternalError, failed.Message));
                    break;
                case MachineExited exited:
                    _exited.TrySetResult(exited.Exit);
                    break;
            }
        }

        // Usually it is dead already, and what is left of it is being taken apart; without its socket it has no business to live.
        lock (_lifetime)
        {
            _ = Libc.kill(ProcessId, Uapi.SIGKILL);
            _mayBeReaped = true;
        }

        _silent.TrySetResult();
        string end = ChildProcess.Reap(ProcessId);

        MachineExit exit = _stopRequested
            ? new MachineExit(MachineExitReason.Stopped, "stopped by the host")
            : new MachineExit(MachineExitReason.InternalError, $"the VMM process {ProcessId} {end}");
        _started.TrySetException(new VmmException("vmm_died", exit.Message));
        _ = _started.Task.Exception; // observed: whoever waits for the end alone need not look at it
        _exited.TrySetResult(exit);
        _control.Dispose();
    }
}
