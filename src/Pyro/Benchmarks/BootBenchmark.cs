using System.Diagnostics;
using Pyro.Hosts;
using Pyro.Json;
using Pyro.Machines;

namespace Pyro.Benchmarks;

/// <summary>Starts machines one after the other, runs a command in each, and sums up where the time went.</summary>
/// <param name="client">Whose environments and folders are used.</param>
public sealed class BootBenchmark(PyroClient client)
{
    /// <summary>The most machines at once.</summary>
    public const int MaxMachines = 1000;

    /// <summary>Measures.</summary>
    /// <param name="request">The command and the machine.</param>
    /// <param name="runs">How many times, 1 or more. Once more goes before them, so that all find warm caches.</param>
    /// <param name="machines">How many machines at once.</param>
    /// <param name="commit">What is measured, for the history.</param>
    /// <param name="progress">Told of each run, or null.</param>
    /// <param name="cancellationToken">Ends the machines and the series.</param>
    /// <exception cref="PyroException">A machine did not start, or not as asked, or the command failed.</exception>
    public async Task<BootSummary> RunAsync(RunRequest request, int runs, int machines, string commit, IProgress<BootSample>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (runs < 1)
            throw new PyroException(ErrorCodes.InvalidArgument, $"runs is {runs}", "Choose 1 or more.");
        if (machines is < 1 or > MaxMachines)
            throw new PyroException(ErrorCodes.InvalidArgument, $"machines is {machines}", $"Choose 1 to {MaxMachines}.");
        request.Validate();
        var samples = new List<BootSample>(runs);
        _ = await OnceAsync(request, 1, cancellationToken).ConfigureAwait(false);
        for (int run = 0; run < runs; run++)
        {
            BootSample sample = await OnceAsync(request, machines, cancellationToken).ConfigureAwait(false);
            samples.Add(sample);
            progress?.Report(sample);
        }
        return BootSummary.Of(samples, commit, PyroJson.NameOf(HostKvm.Probe().Kind), request.Environment, request.VcpuCount, request.MemMib, DateTimeOffset.UtcNow) with
        {
            Start = PyroJson.NameOf(request.Cold ? StartMode.Cold : StartMode.Warm),
            Machines = machines,
        };
    }

    private async Task<BootSample> OnceAsync(RunRequest request, int machines, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        BootSample[] each = await Task.WhenAll(Enumerable.Range(0, machines).Select(_ => Task.Run(() => OneAsync(request, cancellationToken), cancellationToken))).ConfigureAwait(false);
        return new BootSample(
            each.Average(static s => s.Spawn),
            each.Average(static s => s.VmCreation),
            each.Average(static s => s.Kernel),
            each.Average(static s => s.AgentReady),
            each.Average(static s => s.Exec),
            Stopwatch.GetElapsedTime(start).TotalMilliseconds);
    }

    private async Task<BootSample> OneAsync(RunRequest request, CancellationToken cancellationToken)
    {
        var options = new MachineOptions { Environment = request.Environment, VcpuCount = request.VcpuCount, MemMib = request.MemMib, Cold = request.Cold };
        await using Machine machine = await Machine.StartAsync(options, client.Paths, cancellationToken: cancellationToken).ConfigureAwait(false);
        if (machine.StartMode != (request.Cold ? StartMode.Cold : StartMode.Warm))
            throw new PyroException(ErrorCodes.SnapshotFailed, "a machine that was to go on from its snapshot booted", "Run: pyro doctor");
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
            0);
    }
}
