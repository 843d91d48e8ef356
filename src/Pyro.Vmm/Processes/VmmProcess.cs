using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;

namespace Pyro.Vmm.Processes;

/// <summary>
/// A VMM process seen from the process that started it. The two share a socket pair: its closing tells either of the
/// other's death at once, whatever the cause.
/// </summary>
public sealed class VmmProcess : IAsyncDisposable
{
    internal const string EndedBefore = "the machine ended before its snapshot was complete";

    private readonly ChildProcess _child;
    private readonly ControlSocket _control;
    private readonly TaskCompletionSource<MachineStarted> _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<MachineExit> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<MachineSaved> _saved = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<WorkingSetNoted> _noted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentQueue<TaskCompletionSource<MachineCounters>> _askedToCount = new();
    private readonly TaskCompletionSource _silent = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Dictionary<int, LiveSave> _liveSaves = [];
    private int _liveSaveCount;
    private bool _stopRequested;

    private VmmProcess(ChildProcess child, ControlSocket control)
    {
        _child = child;
        _control = control;
    }

    /// <summary>The process's id.</summary>
    public int ProcessId => _child.Pid;

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
        VmmProcess process;
        (FileDescriptor ours, FileDescriptor theirs) = DescriptorPassing.CreatePair();
        using (theirs)
        using (SafeFileHandle nothing = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            SafeHandle log = config.LogDescriptor is int i ? descriptors[i] : nothing;
            // A session of its own: Ctrl-C at the terminal is for the starting process. No environment: the configuration says everything.
            var child = ChildProcess.Start(
                executable, [executable, VmmHost.Verb], [], [(0, nothing), (1, nothing), (2, log), (VmmHost.ControlDescriptor, theirs)], ChildOptions.NewSession);
            process = new VmmProcess(child, new ControlSocket(ours));
        }

        process._control.SendConfig(config, descriptors);
        new MachineThread($"vmm {process.ProcessId}", process.Listen).Start();
        return process;
    }

    /// <summary>Asks for the machine's end, as by pulling its plug; <see cref="Exited"/> tells when.</summary>
    public void Stop()
    {
        _stopRequested = true;
        _control.Send(new VmmRequest(VmmCommand.Stop), ProcessJson.Default.VmmRequest);
    }

    /// <summary>Lets the machine go on for itself, whatever becomes of this process; it is not to be disposed of then.</summary>
    public void Detach() => _control.Send(new VmmRequest(VmmCommand.Detach), ProcessJson.Default.VmmRequest);

    /// <summary>Has the machine pause and write its snapshot into the files of <see cref="MachineConfig.Save"/>.</summary>
    public Task<MachineSaved> SaveAsync()
    {
        _control.Send(new VmmRequest(VmmCommand.Save), ProcessJson.Default.VmmRequest);
        return _saved.Task;
    }

    /// <summary>Has the pages that the machine wrote to noted in the file of <see cref="SnapshotFiles.WorkingSetDescriptor"/>.</summary>
    public Task<WorkingSetNoted> NoteWorkingSetAsync()
    {
        _control.Send(new VmmRequest(VmmCommand.NoteWorkingSet), ProcessJson.Default.VmmRequest);
        return _noted.Task;
    }

    /// <summary>Asks what the machine has done so far.</summary>
    /// <returns>Its counters; null if it ended before it could answer.</returns>
    public async Task<MachineCounters?> CountAsync()
    {
        var answer = new TaskCompletionSource<MachineCounters>(TaskCreationOptions.RunContinuationsAsynchronously);
        _askedToCount.Enqueue(answer);
        try
        {
            _control.Send(new VmmRequest(VmmCommand.Count), ProcessJson.Default.VmmRequest);
        }
        catch (ObjectDisposedException)
        {
            return null;
        }

        return await Task.WhenAny(answer.Task, Exited).ConfigureAwait(false) == answer.Task ? await answer.Task.ConfigureAwait(false) : null;
    }

    /// <summary>
    /// Has the machine's snapshot taken while it runs. The files are complete when the answer has no error; until then
    /// the state file is empty or not whole, and nothing restores from it.
    /// </summary>
    /// <param name="state">An empty file.</param>
    /// <param name="memory">An empty file for the guest's memory.</param>
    /// <param name="layers">
    /// An empty file for each disk with a copy-on-write layer, in the disks' order. The machine goes on in them; the
    /// layers that it had are frozen and belong to the snapshot.
    /// </param>
    /// <param name="sync">Whether the files are to survive a loss of power.</param>
    /// <param name="wentOn">
    /// Called as soon as the machine runs again, long before its memory is written, with how many of the new layers it goes
    /// on in; not called if it was never paused. On the thread that listens to the process: it must return at once.
    /// </param>
    /// <returns>The result; a machine that ends before it is one with an error.</returns>
    public Task<MachineSavedLive> SaveLiveAsync(
        SafeFileHandle state, SafeFileHandle memory, IReadOnlyList<SafeFileHandle> layers, bool sync = false, Action<int>? wentOn = null)
    {
        var answer = new TaskCompletionSource<MachineSavedLive>(TaskCreationOptions.RunContinuationsAsynchronously);
        int number;
        lock (_liveSaves)
        {
            number = ++_liveSaveCount;
            _liveSaves.Add(number, new LiveSave(answer, wentOn));
        }

        var request = new LiveSaveRequest(number, StateDescriptor: 0, MemoryDescriptor: 1, [.. Enumerable.Range(2, layers.Count)], sync);
        try
        {
            _control.Send(new VmmRequest(VmmCommand.SaveLive, request), ProcessJson.Default.VmmRequest, [state, memory, .. layers]);
        }
        catch (Exception e) when (e is LinuxException or ObjectDisposedException)
        {
            EndLiveSave(new MachineSavedLive(number, EndedBefore));
        }

        return answer.Task;
    }

    /// <summary>Kills the process; it cannot refuse.</summary>
    public void Kill()
    {
        _stopRequested = true;
        _ = _child.TryKill();
    }

    /// <summary>
    /// Kills the process if it still runs and waits until it runs no more. Taking its virtual machine apart keeps the
    /// kernel busy for some more milliseconds, which nobody needs to wait for; the process is reaped after that.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        Kill();
        await _silent.Task.ConfigureAwait(false);
        _child.Dispose();
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
                case MachineSaved saved:
                    _saved.TrySetResult(saved);
                    break;
                case WorkingSetNoted noted:
                    _noted.TrySetResult(noted);
                    break;
                case MachineCounted counted when _askedToCount.TryDequeue(out TaskCompletionSource<MachineCounters>? asked):
                    asked.TrySetResult(counted.Counters);
                    break;
                case MachineWentOn on:
                    LiveSaveOf(on.Number)?.WentOn?.Invoke(on.Layers);
                    break;
                case MachineSavedLive saved:
                    EndLiveSave(saved);
                    break;
                case MachineExited exited:
                    _exited.TrySetResult(exited.Exit);
                    break;
            }
        }

        // Usually it is dead already, and what is left of it is being taken apart; without its socket it has no business to live.
        _ = _child.TryKill();
        _silent.TrySetResult();
        ExitStatus end = _child.Wait();

        MachineExit exit = _stopRequested
            ? new MachineExit(MachineExitReason.Stopped, "stopped by the host")
            : new MachineExit(MachineExitReason.InternalError, $"the VMM process {ProcessId} {(end.Signal != 0 ? $"was killed by signal {end.Signal}" : $"ended with exit code {end.Code}")}");
        _started.TrySetException(new VmmException("vmm_died", exit.Message));
        _ = _started.Task.Exception; // observed: whoever waits for the end alone need not look at it
        _exited.TrySetResult(exit);
        // The socket goes first: whoever asks from here on is told by it.
        _control.Dispose();
        EndLiveSaves();
    }

    private LiveSave? LiveSaveOf(int number)
    {
        lock (_liveSaves)
        {
            return _liveSaves.GetValueOrDefault(number);
        }
    }

    private void EndLiveSave(MachineSavedLive result)
    {
        LiveSave? save;
        lock (_liveSaves)
        {
            _liveSaves.Remove(result.Number, out save);
        }

        save?.Answer.TrySetResult(result);
    }

    private void EndLiveSaves()
    {
        int[] numbers;
        lock (_liveSaves)
        {
            numbers = [.. _liveSaves.Keys];
        }

        foreach (int number in numbers)
        {
            EndLiveSave(new MachineSavedLive(number, EndedBefore));
        }
    }

    private sealed record LiveSave(TaskCompletionSource<MachineSavedLive> Answer, Action<int>? WentOn);
}
