using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Pyro.Kvm;
using Pyro.Kvm.Native;
using Pyro.Vmm;
using Pyro.Vmm.Processes;

namespace Pyro.Bench.Torture;

/// <summary>
/// Saves, restores, forks and kills machines at random points while fio writes and verifies in their guest. There is one
/// machine that runs, and the snapshot that it went on from; each cycle leaves both of them good, or fails.
/// </summary>
internal sealed class TortureRun(Workshop shop, int seed, bool verbose, Action<string> tell)
{
    private const int MostLayers = 16;
    private const int MostForks = 3;
    private const int TransferBytes = 1 << 20;

    private readonly SortedDictionary<string, int> _counts = new(StringComparer.Ordinal);
    private Snapshot _root = shop.Warm;
    private Snapshot _current = shop.Warm;
    private Guest? _running;
    private Random _random = new(seed);
    private TimeSpan _saveTakes = TimeSpan.FromMilliseconds(200);
    private TimeSpan _loadTakes = TimeSpan.FromMilliseconds(200);
    private int _chains;
    private int _deepest;
    private long _written;
    private long _verified;

    private Guest Running => _running ?? throw new InvalidOperationException("no machine runs");

    /// <param name="archive">fio and its libraries; see <see cref="Fio.StartAsync"/>.</param>
    /// <param name="cycles">How many.</param>
    /// <exception cref="BenchException">Something was wrong; the message says in which cycle, and what.</exception>
    internal async Task<TortureReport> RunAsync(Stream archive, int cycles)
    {
        var watch = Stopwatch.StartNew();
        try
        {
            await LoadAsync(archive);
            for (int cycle = 0; cycle < cycles; cycle++)
            {
                await CycleAsync(cycle);
                if (verbose || (cycle + 1) % 50 == 0)
                    tell(string.Create(CultureInfo.InvariantCulture, $"[torture] cycles={cycle + 1} seconds={watch.Elapsed.TotalSeconds:F1} layers={Running.Layers.Count} save_ms={_saveTakes.TotalMilliseconds:F0} load_ms={_loadTakes.TotalMilliseconds:F0}"));
            }

            await EndChainAsync();
            return new TortureReport(seed, cycles, Math.Round(watch.Elapsed.TotalSeconds, 1), _chains, _deepest, _written, _verified, _counts);
        }
        finally
        {
            if (_running is not null)
                await _running.DisposeAsync();
        }
    }

    private async Task LoadAsync(Stream archive)
    {
        _running = Guest.Restore(shop, shop.Warm);
        await Running.UpAsync();
        await Fio.StartAsync(Running, archive);
        _root = await SaveLiveAsync();
        await GoOnFromAsync(_root);
        tell("[torture] step=loaded");
    }

    private async Task CycleAsync(int cycle)
    {
        // A cycle's choices do not depend on how much chance the ones before it needed.
        _random = new Random(HashOf(seed, cycle));
        int kind = _random.Next(8);
        try
        {
            await (kind switch
            {
                0 => SaveAndGoOnAsync(),
                1 => SavePausedAsync(),
                2 => ForkAsync(),
                3 => KillWhileSavingAsync(),
                4 => KillTheSaverAsync(),
                5 => KillWhileLoadingAsync(),
                6 => SaveDuringTransferAsync(),
                _ => KillWhileRunningAsync(),
            });
            _deepest = Math.Max(_deepest, Running.Layers.Count);
            if (Running.Layers.Count >= MostLayers)
            {
                await EndChainAsync();
                await GoOnFromAsync(_root);
            }

            shop.Sweep([.. _root.Files, .. _current.Files, .. Running.Files]);
        }
        catch (Exception e)
        {
            throw new BenchException($"seed {seed}, cycle {cycle} of kind {kind}, {Running.Layers.Count} layers: {e.GetType().Name}: {e.Message}");
        }
    }

    private async Task SaveAndGoOnAsync()
    {
        Snapshot next = await SaveLiveAsync();
        await CheckAsync(Running);
        await GoOnFromAsync(next);
        Count("live snapshots gone on from");
    }

    private async Task SavePausedAsync()
    {
        await RunOnAsync();
        (Snapshot next, Task<MachineSaved> saving) = Running.BeginPausedSave();
        if (await Task.WhenAny(saving, Running.Vmm.Exited) != saving)
            throw new BenchException($"the machine ended while it was saved: {await Running.Vmm.Exited}");
        if ((await saving).Error is string error)
            throw new BenchException($"a paused save failed: {error}");
        await GoOnFromAsync(next);
        Count("paused snapshots gone on from");
    }

    private async Task ForkAsync()
    {
        Snapshot next = _random.Next(2) == 0 ? await SaveLiveAsync() : _current;
        Guest[] forks = [.. Enumerable.Range(0, _random.Next(2, MostForks + 1)).Select(_ => Guest.Restore(shop, next))];
        await Task.WhenAll(forks.Select(UpAsync));
        await CheckAsync(Running);
        await RunOnAsync();
        await Task.WhenAll(forks.Select(CheckAsync));
        int chosen = _random.Next(forks.Length);
        for (int i = 0; i < forks.Length; i++)
        {
            if (i != chosen)
                await forks[i].DisposeAsync();
        }

        await ReplaceAsync(forks[chosen], next);
        Count("forks", forks.Length);
    }

    private async Task KillWhileSavingAsync()
    {
        await RunOnAsync();
        Snapshot next;
        Task<bool> promise;
        bool live = _random.Next(2) == 0;
        if (live)
        {
            (next, _, Task<MachineSavedLive> saving) = Running.BeginLiveSave();
            await WaitAsync(_saveTakes);
            Running.Vmm.Kill();
            promise = WasPromised(saving);
        }
        else
        {
            (next, Task<MachineSaved> saving) = Running.BeginPausedSave();
            await WaitAsync(_saveTakes);
            Running.Vmm.Kill();
            await Running.Vmm.Exited;
            promise = Task.FromResult(saving.IsCompletedSuccessfully && (await saving).Error is null);
        }

        await Running.Vmm.Exited;
        bool promised = await promise;
        string what = live ? "killed while saving live" : "killed while saving paused";
        if (await TryGoOnFromAsync(next, promised))
        {
            Count(promised ? $"{what}, after its word" : $"{what}, complete before its word");
        }
        else
        {
            await GoOnFromAsync(_current);
            Count($"{what}, refused");
        }
    }

    private async Task KillTheSaverAsync()
    {
        await RunOnAsync();
        (Snapshot next, string layer, Task<MachineSavedLive> saving) = Running.BeginLiveSave();
        int? saver = await FindSaverAsync(saving);
        if (saver is int process)
        {
            await WaitAsync(_saveTakes);
            if (!saving.IsCompleted)
                _ = Libc.kill(process, Uapi.SIGKILL);
        }

        bool promised = (await saving).Error is null;
        Running.EndLiveSave(layer);
        await CheckAsync(Running);
        if (promised)
        {
            await GoOnFromAsync(next);
            Count("saver killed too late");
            return;
        }

        if (await TryGoOnFromAsync(next, promised))
            throw new BenchException("a snapshot loads whose saver was killed");
        Count("saver killed, refused, machine went on");
    }

    private async Task KillWhileLoadingAsync()
    {
        Guest lost = Guest.Restore(shop, _current);
        await WaitAsync(_loadTakes);
        lost.Vmm.Kill();
        await lost.Vmm.Exited;
        Count(lost.Vmm.Started.IsCompletedSuccessfully ? "killed after loading" : "killed while loading");
        await lost.DisposeAsync();
        await GoOnFromAsync(_current);
    }

    // The source's stream goes on over the save and arrives whole; the child's is reset, and the command behind it goes on
    // unheard, while the agent takes new connections, and fio finds every write that it was told is done.
    private async Task SaveDuringTransferAsync()
    {
        byte[] sent = new byte[TransferBytes];
        _random.NextBytes(sent);
        using var transfer = new PacedStream(sent);
        Task<string> receiving = Running.ShellAsync("cd /fio; echo $$ >receiver; sha256sum", transfer);
        await transfer.HalfRead;
        (Snapshot next, string layer, Task<MachineSavedLive> saving) = Running.BeginLiveSave();
        MachineSavedLive saved = await saving;
        Running.EndLiveSave(layer);
        transfer.GoOn();
        if (saved.Error is not null)
            throw new BenchException($"a live save failed: {saved.Error}");
        string received = await receiving;
        if (!received.StartsWith(Convert.ToHexStringLower(SHA256.HashData(sent)), StringComparison.Ordinal))
            throw new BenchException($"a stream over a live save arrived as {received}");
        await GoOnFromAsync(next);
        await Running.ShellAsync("cd /fio; kill -0 \"$(cat receiver)\" && kill -- \"-$(cat receiver)\"");
        Count("saved during a transfer");
    }

    private async Task KillWhileRunningAsync()
    {
        await RunOnAsync();
        Running.Vmm.Kill();
        await Running.Vmm.Exited;
        await GoOnFromAsync(_current);
        Count("killed while running");
    }

    private async Task EndChainAsync()
    {
        (long written, long verified) = await Fio.EndAsync(Running);
        _written += written;
        _verified += verified;
        _chains++;
    }

    private async Task<Snapshot> SaveLiveAsync()
    {
        await RunOnAsync();
        long begin = Stopwatch.GetTimestamp();
        (Snapshot snapshot, string layer, Task<MachineSavedLive> saving) = Running.BeginLiveSave();
        MachineSavedLive saved = await saving;
        _saveTakes = Stopwatch.GetElapsedTime(begin);
        Running.EndLiveSave(layer);
        Count(saved.MemoryWrittenLive ? "live saves" : "live saves that stood still");
        return saved.Error is null ? snapshot : throw new BenchException($"a live save failed: {saved.Error}");
    }

    private async Task GoOnFromAsync(Snapshot snapshot)
    {
        if (!await TryGoOnFromAsync(snapshot, promised: true))
            throw new InvalidOperationException("what was promised may not be refused");
    }

    // The machine that runs ends once the new one is good. False if the snapshot was refused by name, as it may be if nobody promised it.
    private async Task<bool> TryGoOnFromAsync(Snapshot snapshot, bool promised)
    {
        long begin = Stopwatch.GetTimestamp();
        Guest next = Guest.Restore(shop, snapshot);
        try
        {
            await UpAsync(next);
        }
        catch (VmmException e)
        {
            await next.DisposeAsync();
            return !promised && e.Code == "snapshot_failed" && e.Message.StartsWith(snapshot.Name + ":", StringComparison.Ordinal)
                ? false
                : throw new BenchException($"snapshot {snapshot.Name}, which was {(promised ? "said to be good" : "interrupted")}, does not load: {e.Code}: {e.Message}");
        }

        _loadTakes = Stopwatch.GetElapsedTime(begin);
        await ReplaceAsync(next, snapshot);
        return true;
    }

    private async Task UpAsync(Guest guest)
    {
        bool dropCaches = MayDropCaches();
        await guest.UpAsync();
        await Fio.CheckAsync(guest, dropCaches);
    }

    private async Task ReplaceAsync(Guest next, Snapshot from)
    {
        if (Running.SlowAnswers > 0)
            Count("answers of a guest that took more than ten seconds", Running.SlowAnswers);
        await Running.DisposeAsync();
        _running = next;
        _current = from;
    }

    private Task CheckAsync(Guest guest) => Fio.CheckAsync(guest, MayDropCaches());

    private bool MayDropCaches() => _random.Next(16) == 0;

    private static async Task<bool> WasPromised(Task<MachineSavedLive> saving) => (await saving).Error is null;

    private async Task<int?> FindSaverAsync(Task saving)
    {
        while (!saving.IsCompleted)
        {
            if (Processes.ChildrenOf(Running.Vmm.ProcessId) is [int saver, ..])
                return saver;
            await Task.Delay(1);
        }

        return null;
    }

    private Task RunOnAsync() => WaitAsync(TimeSpan.FromMilliseconds(100));

    // Up to a bit longer than it usually takes, so that the end is hit too.
    private Task WaitAsync(TimeSpan usually) => Task.Delay(usually * (_random.NextDouble() * 1.2));

    private static int HashOf(int seed, int cycle) => unchecked((seed * 1_000_003) + cycle);

    private void Count(string what, int by = 1) => _counts[what] = _counts.GetValueOrDefault(what) + by;
}
