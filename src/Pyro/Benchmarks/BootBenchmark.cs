using System.Diagnostics;
using Pyro.Hosts;
using Pyro.Json;
using Pyro.Machines;

namespace Pyro.Benchmarks;

/// <summary>Starts machines, one or several at once, runs a command in each, and sums up where the time went.</summary>
/// <param name="client">Whose environments and folders are used.</param>
public sealed class BootBenchmark(PyroClient client)
{
    /// <summary>The most machines at once.</summary>
    public const int MaxMachines = 1000;

    /// <summary>Measures.</summary>
    /// <param name="request">The command and the machine.</param>
    /// <param name="start">How the machines start. Forks are all made of one machine, which is started before the clock counts.</param>
    /// <param name="runs">How many times, 1 or more. Once more goes before them, so that all find warm caches.</param>
    /// <param name="machines">How many machines at once.</param>
    /// <param name="commit">What is measured, for the history.</param>
    /// <param name="progress">Told of each run, or null.</param>
    /// <param name="cancellationToken">Ends the machines and the series.</param>
    /// <exception cref="PyroException">A machine did not start, or not as asked, or the command failed.</exception>
    public async Task<BootSummary> RunAsync(
        RunRequest request, StartMode start, int runs, int machines, string commit, IProgress<BootSample>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (runs < 1)
            throw new PyroException(ErrorCodes.InvalidArgument, $"runs is {runs}", "Choose 1 or more.");
        if (machines is < 1 or > MaxMachines)
            throw new PyroException(ErrorCodes.InvalidArgument, $"machines is {machines}", $"Choose 1 to {MaxMachines}.");
        request = request with { Cold = start == StartMode.Cold };
        request.Validate();
        await using Machine? source = start == StartMode.Fork ? await StartAsync(request, cancellationToken).ConfigureAwait(false) : null;
        Func<int, Task<BootSample>> once = source is null ? count => SideBySideAsync(request, count, cancellationToken) : count => ForkAsync(source, request, count, cancellationToken);
        var samples = new List<BootSample>(runs);
        _ = await once(1).ConfigureAwait(false);
        for (int run = 0; run < runs; run++)
        {
            BootSample sample = await once(machines).ConfigureAwait(false);
            samples.Add(sample);
            progress?.Report(sample);
        }
        return BootSummary.Of(samples, commit, PyroJson.NameOf(HostKvm.Probe().Kind), request.Environment, request.VcpuCount, request.MemMib, DateTimeOffset.UtcNow) with
        {
            Start = PyroJson.NameOf(start),
            Machines = machines,
        };
    }

    private async Task<BootSample> SideBySideAsync(RunRequest request, int machines, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        var runs = new Task<BootSample>[machines];
        for (int i = 0; i < machines; i++)
            runs[i] = Task.Run(OneAsync, cancellationToken);
        BootSample[] each = await Task.WhenAll(runs).ConfigureAwait(false);
        return Together(each, start);

        async Task<BootSample> OneAsync()
        {
            await using Machine machine = await StartAsync(request, cancellationToken).ConfigureAwait(false);
            return await AnswerAsync(machine, request, start, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task<BootSample> ForkAsync(Machine source, RunRequest request, int machines, CancellationToken cancellationToken)
    {
        var each = new List<BootSample>(machines);
        long start = Stopwatch.GetTimestamp();
        IReadOnlyList<Machine> forks = await source.ForkAsync(machines, HearAsync, progress: null, cancellationToken).ConfigureAwait(false);
        await Task.WhenAll(forks.Select(fork => fork.DisposeAsync().AsTask())).ConfigureAwait(false);
        return Together([.. each], start) with { Pause = source.ForkPause.TotalMilliseconds, Held = source.ForkHold.TotalMilliseconds };

        async Task HearAsync(Machine fork, CancellationToken token)
        {
            BootSample sample = await AnswerAsync(fork, request, start, token).ConfigureAwait(false);
            lock (each)
                each.Add(sample);
        }
    }

    private async Task<Machine> StartAsync(RunRequest request, CancellationToken cancellationToken)
    {
        var options = new MachineOptions { Environment = request.Environment, VcpuCount = request.VcpuCount, MemMib = request.MemMib, Cold = request.Cold };
        Machine machine = await Machine.StartAsync(options, client.Paths, cancellationToken: cancellationToken).ConfigureAwait(false);
        if (machine.StartMode == (request.Cold ? StartMode.Cold : StartMode.Warm))
            return machine;
        await machine.DisposeAsync().ConfigureAwait(false);
        throw new PyroException(ErrorCodes.SnapshotFailed, "a machine that was to go on from its snapshot booted", "Run: pyro doctor");
    }

    private static async Task<BootSample> AnswerAsync(Machine machine, RunRequest request, long start, CancellationToken cancellationToken)
    {
        ExecResult result = await machine.ExecAsync(request, cancellationToken: cancellationToken).ConfigureAwait(false);
        if (result.ExitCode != 0)
            throw new PyroException(ErrorCodes.ExecFailed, $"the measured command ended with {result.ExitCode}: {result.Stderr.Trim()}", "Measure one that succeeds.");
        MachineTimings timings = machine.Timings;
        return new BootSample(
            timings.Spawn.TotalMilliseconds,
            timings.VmCreation.TotalMilliseconds,
            timings.Boot.TotalMilliseconds,
            timings.AgentReady.TotalMilliseconds,
            result.Duration.TotalMilliseconds,
            Stopwatch.GetElapsedTime(start).TotalMilliseconds);
    }

    private static BootSample Together(BootSample[] each, long start) => new(
        each.Average(static s => s.Spawn),
        each.Average(static s => s.VmCreation),
        each.Average(static s => s.Kernel),
        each.Average(static s => s.AgentReady),
        each.Average(static s => s.Exec),
        Stopwatch.GetElapsedTime(start).TotalMilliseconds)
    {
        Answers = Array.ConvertAll(each, static s => s.Total),
    };
}
