using System.Diagnostics;
using Pyro.Hosts;
using Pyro.Json;
using Pyro.Machines;

namespace Pyro.Benchmarks;

/// <summary>Starts machines one after the other, runs a command in each, and sums up where the time went.</summary>
/// <param name="client">Whose environments and folders are used.</param>
public sealed class BootBenchmark(PyroClient client)
{
    /// <summary>Measures.</summary>
    /// <param name="request">The command and the machine.</param>
    /// <param name="runs">How many machines, 1 or more. One more goes before them, so that all find warm caches.</param>
    /// <param name="commit">What is measured, for the history.</param>
    /// <param name="progress">Told of each run, or null.</param>
    /// <param name="cancellationToken">Ends the machine and the series.</param>
    /// <exception cref="PyroException">A machine did not start, or the command failed.</exception>
    public async Task<BootSummary> RunAsync(RunRequest request, int runs, string commit, IProgress<BootSample>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (runs < 1)
            throw new PyroException(ErrorCodes.InvalidArgument, $"runs is {runs}", "Choose 1 or more.");
        request.Validate();
        var samples = new List<BootSample>(runs);
        await OnceAsync(request, cancellationToken).ConfigureAwait(false);
        for (int run = 0; run < runs; run++)
        {
            BootSample sample = await OnceAsync(request, cancellationToken).ConfigureAwait(false);
            samples.Add(sample);
            progress?.Report(sample);
        }
        return BootSummary.Of(samples, commit, PyroJson.NameOf(HostKvm.Probe().Kind), request.Environment, request.VcpuCount, request.MemMib, DateTimeOffset.UtcNow);
    }

    private async Task<BootSample> OnceAsync(RunRequest request, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        var options = new MachineOptions { Environment = request.Environment, VcpuCount = request.VcpuCount, MemMib = request.MemMib, Cold = request.Cold };
        ExecResult result;
        MachineTimings timings;
        await using (Machine machine = await Machine.StartAsync(options, client.Paths, cancellationToken: cancellationToken).ConfigureAwait(false))
        {
            result = await machine.ExecAsync(request, cancellationToken: cancellationToken).ConfigureAwait(false);
            timings = machine.Timings;
        }
        if (result.ExitCode != 0)
            throw new PyroException(ErrorCodes.ExecFailed, $"the measured command ended with {result.ExitCode}: {result.Stderr.Trim()}", "Measure one that succeeds.");
        return new BootSample(
            timings.Spawn.TotalMilliseconds,
            timings.VmCreation.TotalMilliseconds,
            timings.Boot.TotalMilliseconds,
            timings.AgentReady.TotalMilliseconds,
            result.Duration.TotalMilliseconds,
            Stopwatch.GetElapsedTime(start).TotalMilliseconds);
    }
}
