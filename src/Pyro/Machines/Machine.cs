using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using Pyro.Files;
using Pyro.Hosts;
using Pyro.Protocol;
using Pyro.Running;
using Pyro.Vmm;
using Pyro.Vmm.Processes;

namespace Pyro.Machines;

/// <summary>
/// One running machine on a throw-away disk. Disposing of it ends the machine and leaves nothing behind; so does the
/// death of this process.
/// </summary>
public sealed class Machine : IAsyncDisposable
{
    internal const string ConsoleLog = "console.log";

    // Hardware boots in a tenth of a second; an emulated host with eight machines at once may take half a minute.
    private static readonly TimeSpan s_bootLimit = TimeSpan.FromSeconds(120);

    // Each fork leaves a layer in the disk, and a new machine is given all of them in one message of at most 253 files.
    private const int MaxLayers = 240;

    private readonly MachineSpec _spec;
    private readonly MachineDisk _disk;
    private readonly RuntimeFolder _folder;
    private readonly MachineSockets _sockets;
    private readonly VmmProcess _vmm;
    private readonly SemaphoreSlim _oneFork = new(1, 1);
    private int _disposed;

    internal Machine(MachineSpec spec, MachineDisk disk, RuntimeFolder folder, MachineSockets sockets, VmmProcess vmm)
    {
        _spec = spec;
        _disk = disk;
        _folder = folder;
        _sockets = sockets;
        _vmm = vmm;
    }

    /// <summary>The machine's id.</summary>
    public string Id => _folder.Id;

    /// <summary>The id of the process that runs it.</summary>
    public int ProcessId => _vmm.ProcessId;

    /// <summary>The Unix socket by which its guest is reached.</summary>
    internal string VsockPath => _sockets.Path;

    /// <summary>How long it took to start.</summary>
    public MachineTimings Timings { get; private set; } = new(default, default, default, default);

    /// <summary>Whether it booted, went on from a snapshot, or is a fork.</summary>
    public StartMode StartMode { get; private set; }

    /// <summary>How long it stood still when it was last forked.</summary>
    internal TimeSpan ForkPause { get; private set; }

    /// <summary>How long its processes did.</summary>
    internal TimeSpan ForkHold { get; private set; }

    /// <summary>
    /// Starts a machine and waits until it takes commands: from the warm snapshot of its parts, which is made first if it is
    /// not there, or by a boot if it was asked for one or nothing else works.
    /// </summary>
    /// <param name="options">What it is made of.</param>
    /// <param name="paths">Where Pyro keeps its files.</param>
    /// <param name="progress">Told of each step, or null.</param>
    /// <param name="cancellationToken">Ends the machine before it is up.</param>
    /// <exception cref="PyroException">It cannot be built or does not come up.</exception>
    public static Task<Machine> StartAsync(MachineOptions options, PyroPaths paths, IProgress<RunPhase>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(paths);
        cancellationToken.ThrowIfCancellationRequested();
        return new MachineStart(options, paths, progress).RunAsync(cancellationToken);
    }

    /// <summary>Runs one command in the machine to its end.</summary>
    /// <param name="request">The command; its environment and sizes are not looked at.</param>
    /// <param name="streams">Input and output.</param>
    /// <param name="cancellationToken">Kills the command.</param>
    /// <exception cref="PyroException">The machine died, or refused the command.</exception>
    public async Task<ExecResult> ExecAsync(RunRequest request, RunStreams? streams = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        using var command = new CommandStreams(streams ?? new RunStreams(), request.MaxOutputBytes);
        CommandEnd end = await RunCommandAsync(request, command, null, cancellationToken).ConfigureAwait(false);
        (string stdout, string stderr) = command.Collected;
        return new ExecResult(end.ExitCode, stdout, stderr, end.TimedOut, end.Duration);
    }

    /// <summary>
    /// Makes independent running machines of this one, which runs on. They share its memory and its disk copy-on-write, and
    /// all that runs in it goes on in each of them. Before any of it does, each has its own machine id, host name, clock and
    /// vsock socket, and its kernel draws other random numbers.
    /// </summary>
    /// <param name="count">How many, 1 to 1000.</param>
    /// <param name="progress">Told of each step, or null.</param>
    /// <param name="cancellationToken">Ends the call; the forks that were started are ended then.</param>
    /// <returns>The forks, each to be disposed of. They live on when this machine ends.</returns>
    /// <exception cref="PyroException">A fork could not be made: the message says which and why, and none is left. This machine runs on in any case.</exception>
    /// <remarks>
    /// <para>This machine's processes stand still for some milliseconds, first held by the agent and then, for a part of that, with
    /// the whole machine paused. Commands that are under way in it notice nothing else; those that are asked for meanwhile start
    /// a moment later.</para>
    /// <para>Commands that were under way go on in the forks too, but nobody talks to them there: their output is dropped, their
    /// input stays open and silent, and their time limits hold. Other open vsock streams get a reset; listeners live on.</para>
    /// <para>What a process has drawn from the kernel before, it has in every fork: a generator of its own that was seeded once, or
    /// a key in its memory. Such a program has to notice by itself, by <c>/etc/machine-id</c>, that it is in another machine.</para>
    /// <para>Calls for one machine wait for each other. The files of a fork have no names and are gone with the last machine that
    /// uses them.</para>
    /// </remarks>
    public Task<IReadOnlyList<Machine>> ForkAsync(int count, IProgress<RunPhase>? progress = null, CancellationToken cancellationToken = default) =>
        ForkAsync(count, static (_, _) => Task.CompletedTask, progress, cancellationToken);

    /// <summary>Lets the guest end its processes, write everything to its disk and switch itself off.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="PyroException">The machine died before.</exception>
    public async Task PowerOffAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            await using (GuestConnection connection = await GuestConnection.ConnectAsync(_sockets.Path, cancellationToken: cancellationToken).ConfigureAwait(false))
                await connection.PowerOffAsync(new PowerOffRequest(), cancellationToken).ConfigureAwait(false);
            await _vmm.Exited.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (GuestExec.IsLoss(e))
        {
            throw await DeathAsync().ConfigureAwait(false);
        }
    }

    /// <summary>What the machine has done so far, and the memory it takes.</summary>
    /// <returns>Null if it has ended.</returns>
    public async Task<RunStats?> CountAsync() =>
        await _vmm.CountAsync().ConfigureAwait(false) is MachineCounters counters
            ? new RunStats(counters.Exits, counters.Devices, MachineMemory.Of(ProcessId))
            : null;

    /// <summary>Lets a machine that was kept go on for itself. This object has nothing to do with it then.</summary>
    internal void Release()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _vmm.Detach();
        _sockets.Dispose();
        _folder.Release();
        _disk.Dispose();
    }

    /// <summary>
    /// Ends the machine and removes what it had on the host. When this is done, its memory is the host's again, and no
    /// process has its files open.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        // The kernel takes the process apart, above all its memory, while its folder is removed here.
        _vmm.Kill();
        _sockets.Dispose();
        _folder.Dispose();
        await _vmm.DisposeAsync().ConfigureAwait(false);
        // A fork that was being made has failed by now, or will at once.
        await _oneFork.WaitAsync().ConfigureAwait(false);
        _disk.Dispose();
    }

    /// <param name="count">As above.</param>
    /// <param name="whenUp">What to do with each fork as soon as it takes commands, before the next is started where processors are short.</param>
    /// <param name="progress">As above.</param>
    /// <param name="cancellationToken">As above.</param>
    internal async Task<IReadOnlyList<Machine>> ForkAsync(int count, Func<Machine, CancellationToken, Task> whenUp, IProgress<RunPhase>? progress, CancellationToken cancellationToken)
    {
        if (count is < 1 or > LiveFork.MaxCount)
            throw new PyroException(ErrorCodes.InvalidArgument, $"count is {count}", $"Choose 1 to {LiveFork.MaxCount}.");
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        _spec.Parts.RequireSameExecutable();
        using SafeFileHandle kvm = HostKvm.OpenForMachine();
        using MachineSnapshot snapshot = await SnapshotAsync(progress, cancellationToken).ConfigureAwait(false);
        var launcher = new MachineLauncher(_spec) { Kvm = kvm, Restore = snapshot };
        return await LiveFork.StartAsync(count, StartOneAsync, cancellationToken).ConfigureAwait(false);

        async Task<Machine> StartOneAsync(int index, CancellationToken token)
        {
            long start = Stopwatch.GetTimestamp();
            Machine fork = launcher.Launch(start, progress);
            return await MachineStart.UpAsync(fork, UpAsync(fork)).ConfigureAwait(false);

            async Task UpAsync(Machine machine)
            {
                await machine.ResumeAsync(StartMode.Fork, NewIdentity.Request(NewIdentity.HostName(_spec.Options.Environment, machine.Id)), start, progress, token).ConfigureAwait(false);
                await whenUp(machine, token).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Ends the machine, whose memory the kernel begins to free. <see cref="DisposeAsync"/> still has to be called.</summary>
    internal void Kill() => _vmm.Kill();

    internal async Task<CommandEnd> RunCommandAsync(RunRequest request, CommandStreams streams, IProgress<RunPhase>? progress, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        try
        {
            return await GuestExec.RunAsync(_sockets.Path, request, streams, progress, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // Nothing is lost with a machine that does not answer.
            _vmm.Kill();
            return new CommandEnd(CommandEnd.TimeoutCode, TimedOut: true, Stopwatch.GetElapsedTime(start));
        }
        catch (Exception e) when (GuestExec.IsLoss(e))
        {
            throw await DeathAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Waits until a machine that boots takes commands.</summary>
    internal Task WaitUntilBootedAsync(long start, IProgress<RunPhase>? progress, CancellationToken cancellationToken)
    {
        return WithinLimitAsync(BootAsync, cancellationToken);

        async Task BootAsync(CancellationToken limited)
        {
            Task<AgentReady> accept = _sockets.AcceptReadyAsync(limited);
            try
            {
                (MachineStarted started, TimeSpan spawn, TimeSpan creation) = await WaitUntilEnteredAsync(start, limited).ConfigureAwait(false);
                progress?.Report(new RunPhase(
                    RunPhase.Boot,
                    spawn + creation,
                    [new("spawn_ms", Milliseconds(spawn)), new("vm_creation_ms", Milliseconds(creation)), new("pid", $"{ProcessId}")]));
                if (await Task.WhenAny(accept, _vmm.Exited).ConfigureAwait(false) != accept)
                    throw MachineFailure.BeforeReady(await _vmm.Exited.ConfigureAwait(false));

                AgentReady ready = await accept.ConfigureAwait(false);
                if (ready.ProtocolVersion != Wire.Version)
                {
                    throw new PyroException(
                        ErrorCodes.AgentFailed,
                        $"the guest agent speaks protocol {ready.ProtocolVersion}, this pyro speaks {Wire.Version}",
                        "Build both together: ./build.sh");
                }
                TimeSpan up = Stopwatch.GetElapsedTime(started.EnteredNs);
                TimeSpan boot = TimeSpan.FromTicks((long)(Math.Min(ready.EntryNanoseconds, long.MaxValue) / 100));
                boot = boot < up ? boot : up;
                Timings = new MachineTimings(spawn, creation, boot, up - boot);
                progress?.Report(new RunPhase(RunPhase.AgentReady, Stopwatch.GetElapsedTime(start), [new("boot_ms", Milliseconds(boot)), new("agent_ms", Milliseconds(up - boot))]));
            }
            finally
            {
                _ = accept.ContinueWith(static t => t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            }
        }
    }

    /// <summary>Waits until a machine that goes on from a snapshot is one of its own and takes commands.</summary>
    internal Task ResumeAsync(StartMode mode, ResumeRequest identity, long start, IProgress<RunPhase>? progress, CancellationToken cancellationToken)
    {
        return WithinLimitAsync(GoOnAsync, cancellationToken);

        async Task GoOnAsync(CancellationToken limited)
        {
            (MachineStarted started, TimeSpan spawn, TimeSpan restore) = await WaitUntilEnteredAsync(start, limited).ConfigureAwait(false);
            progress?.Report(new RunPhase(
                RunPhase.Restore,
                spawn + restore,
                [new("spawn_ms", Milliseconds(spawn)), new("restore_ms", Milliseconds(restore)), new("pid", $"{ProcessId}")]));
            try
            {
                await using GuestConnection connection = await GuestConnection.ConnectAsync(_sockets.Path, cancellationToken: limited).ConfigureAwait(false);
                await connection.ResumeAsync(identity, limited).ConfigureAwait(false);
            }
            catch (GuestRequestException e)
            {
                throw new PyroException(ErrorCodes.AgentFailed, $"the guest could not become a machine of its own: {e.Message}", "Run: pyro doctor", e);
            }
            catch (Exception e) when (GuestExec.IsLoss(e))
            {
                throw await DeathAsync().ConfigureAwait(false);
            }
            StartMode = mode;
            TimeSpan up = Stopwatch.GetElapsedTime(started.EnteredNs);
            Timings = new MachineTimings(spawn, restore, TimeSpan.Zero, up);
            progress?.Report(new RunPhase(RunPhase.AgentReady, Stopwatch.GetElapsedTime(start), [new("resume_ms", Milliseconds(up))]));
        }
    }

    /// <summary>Pauses the machine for good and has its snapshot written into the files it was launched with.</summary>
    /// <exception cref="PyroException">There is no snapshot.</exception>
    internal async Task SaveAsync(CancellationToken cancellationToken)
    {
        Task<MachineSaved> saving = _vmm.SaveAsync();
        if (await Task.WhenAny(saving, _vmm.Exited).WaitAsync(cancellationToken).ConfigureAwait(false) != saving)
            throw MachineFailure.BeforeReady(await _vmm.Exited.ConfigureAwait(false));
        MachineSaved saved = await saving.ConfigureAwait(false);
        if (saved.Error is not null)
            throw new PyroException(ErrorCodes.SnapshotFailed, $"the machine's snapshot could not be written: {saved.Error}", "Check that the disk of the cache has room.");
    }

    /// <summary>Has the machine note which pages it wrote to since it went on from its snapshot.</summary>
    internal async Task NoteWorkingSetAsync(CancellationToken cancellationToken) =>
        await Task.WhenAny(_vmm.NoteWorkingSetAsync(), _vmm.Exited).WaitAsync(cancellationToken).ConfigureAwait(false);

    private async Task<MachineSnapshot> SnapshotAsync(IProgress<RunPhase>? progress, CancellationToken cancellationToken)
    {
        await _oneFork.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed != 0, this);
            if (_disk.Layers.Count >= MaxLayers)
            {
                throw new PyroException(
                    ErrorCodes.ForkFailed,
                    $"the machine's disk has {_disk.Layers.Count} layers, one for each time that it or what it comes from was forked",
                    "Fork an older machine more than once, with a count, instead of forks of forks.");
            }

            long start = Stopwatch.GetTimestamp();
            using SafeFileHandle state = ScratchFile.Create(_spec.Paths.Scratch), memory = ScratchFile.Create(_spec.Paths.Scratch);
            SafeFileHandle layer = ScratchFile.Create(_spec.Paths.Scratch);
            LiveSave? save = null;
            try
            {
                save = await LiveFork.SaveAsync(_sockets.Path, wentOn => _vmm.SaveLiveAsync(state, memory, [layer], wentOn: wentOn), cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                if (save is { Layers: > 0 })
                    _disk.Branch(layer);
                else
                    layer.Dispose();
            }

            MachineSavedLive saved = save.Result;
            if (saved.Error is not null)
            {
                throw _vmm.Exited.IsCompleted
                    ? MachineFailure.WhileRunning(await _vmm.Exited.ConfigureAwait(false))
                    : new PyroException(ErrorCodes.ForkFailed, $"the machine's snapshot could not be taken: {saved.Error}", $"Check that the disk of {_spec.Paths.Scratch} has room.");
            }

            ForkPause = TimeSpan.FromTicks(saved.PauseNs / TimeSpan.NanosecondsPerTick);
            ForkHold = save.Held;
            progress?.Report(new RunPhase(RunPhase.Fork, Stopwatch.GetElapsedTime(start), [new("source", Id), new("pause_ms", Milliseconds(ForkPause)), new("held_ms", Milliseconds(ForkHold))]));
            return new MachineSnapshot($"the fork of {Id}", SameFile.ReadOnly(state), SameFile.ReadOnly(memory), SameFile.ReadOnly(_disk.Image), [.. _disk.Layers.Select(SameFile.ReadOnly)]);
        }
        catch (GuestRequestException e)
        {
            throw new PyroException(ErrorCodes.ForkFailed, $"the machine cannot be forked: {e.Message}", GuestExec.HintFor(e.Code), e);
        }
        catch (Exception e) when (GuestExec.IsLoss(e))
        {
            throw await DeathAsync().ConfigureAwait(false);
        }
        finally
        {
            _oneFork.Release();
        }
    }

    private async Task<(MachineStarted Started, TimeSpan Spawn, TimeSpan Creation)> WaitUntilEnteredAsync(long start, CancellationToken cancellationToken)
    {
        MachineStarted started = await _vmm.Started.WaitAsync(cancellationToken).ConfigureAwait(false);
        return (started, Stopwatch.GetElapsedTime(start, started.ConfiguredNs), Stopwatch.GetElapsedTime(started.ConfiguredNs, started.EnteredNs));
    }

    private async Task WithinLimitAsync(Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(s_bootLimit);
        try
        {
            await work(limit.Token).ConfigureAwait(false);
        }
        catch (VmmException e)
        {
            throw MachineFailure.NotBuilt(e, _spec.Options);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new PyroException(
                ErrorCodes.AgentFailed,
                $"the guest did not take commands within {s_bootLimit.TotalSeconds} seconds",
                "Run: pyro doctor. On a busy host, run fewer machines at once; --verbose shows the guest's last words.",
                ConsoleTail());
        }
        finally
        {
            await limit.CancelAsync().ConfigureAwait(false);
        }
    }

    private string? ConsoleTail()
    {
        try
        {
            string text = File.ReadAllText(Path.Combine(_folder.Path, ConsoleLog));
            return text.Length > 4096 ? text[^4096..] : text;
        }
        catch (IOException)
        {
            return null;
        }
    }

    // The connection breaks a moment before the process is known to be dead.
    private async Task<PyroException> DeathAsync()
    {
        Task first = await Task.WhenAny(_vmm.Exited, Task.Delay(TimeSpan.FromSeconds(1))).ConfigureAwait(false);
        return first == _vmm.Exited
            ? MachineFailure.WhileRunning(await _vmm.Exited.ConfigureAwait(false))
            : new PyroException(ErrorCodes.MachineDied, "the connection to the guest's agent broke", "Run the command again; with --verbose for more.");
    }

    private static string Milliseconds(TimeSpan time) => time.TotalMilliseconds.ToString("0.0", System.Globalization.CultureInfo.InvariantCulture);
}
