using System.Diagnostics;
using System.Globalization;
using Pyro.Components;
using Pyro.Environments;
using Pyro.Files;
using Pyro.Hosts;
using Pyro.Json;
using Pyro.Machines;

namespace Pyro.Running;

/// <summary>The life of <c>pyro run</c>: a machine, a command, an end.</summary>
internal static class OneRun
{
    internal static async Task<RunResult> RunAsync(RunRequest request, RunStreams callers, PyroPaths paths, IProgress<RunPhase>? progress, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        using var streams = new CommandStreams(callers, request.MaxOutputBytes);
        RunResult result = request.AllowHostCompat && WhyNoGuest(paths) is not null
            ? await RunOnHostAsync(request, streams, progress, start, cancellationToken).ConfigureAwait(false)
            : await RunInGuestAsync(request, streams, paths, progress, start, cancellationToken).ConfigureAwait(false);
        progress?.Report(new RunPhase(RunPhase.Done, Stopwatch.GetElapsedTime(start),
        [
            new("exit_code", $"{result.ExitCode}"),
            new("exec_ms", result.TimingsMs.Exec.ToString("0.0", CultureInfo.InvariantCulture)),
            new("total_ms", result.TimingsMs.Total.ToString("0.0", CultureInfo.InvariantCulture)),
        ]));
        return streams.Fill(result);
    }

    private static async Task<RunResult> RunInGuestAsync(RunRequest request, CommandStreams streams, PyroPaths paths, IProgress<RunPhase>? progress, long start, CancellationToken cancellationToken)
    {
        await EnvironmentInstaller.EnsureAsync(request.Environment, paths, progress, start, cancellationToken).ConfigureAwait(false);
        using var life = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        life.CancelAfter(TimeSpan.FromSeconds(request.TtlSeconds));
        try
        {
            var options = new MachineOptions { Environment = request.Environment, VcpuCount = request.VcpuCount, MemMib = request.MemMib, Cold = request.Cold };
            await using Machine machine = await Machine.StartAsync(options, paths, progress, life.Token).ConfigureAwait(false);
            CommandEnd end = await machine.RunCommandAsync(request, streams, progress, life.Token).ConfigureAwait(false);
            RunStats? stats = request.Stats ? await machine.CountAsync().ConfigureAwait(false) : null;
            machine.Kill();
            RuntimeFolder.Reap(paths.Runtime);
            return Result(request, ExecutionModes.GuestVsock, end, machine.Timings, start) with { StartMode = PyroJson.NameOf(machine.StartMode), Stats = stats };
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new PyroException(
                ErrorCodes.TtlExpired,
                $"the machine reached its time to live of {request.TtlSeconds} seconds and was stopped",
                "Choose a larger --ttl-seconds.");
        }
    }

    private static async Task<RunResult> RunOnHostAsync(RunRequest request, CommandStreams streams, IProgress<RunPhase>? progress, long start, CancellationToken cancellationToken)
    {
        CommandEnd end = await HostCommand.RunAsync(request, streams, progress, cancellationToken).ConfigureAwait(false);
        return Result(request, ExecutionModes.HostCompat, end, MachineTimings.None, start);
    }

    // What keeps any guest from running here. A wrong environment is not that: it is an error on every host.
    private static PyroException? WhyNoGuest(PyroPaths paths)
    {
        HostKvm kvm = HostKvm.Probe();
        if (kvm.Kind != KvmKind.Hardware)
            return kvm.ToException();
        try
        {
            Component.Kernel(paths);
            Component.Agent();
            return null;
        }
        catch (PyroException e)
        {
            return e;
        }
    }

    internal static RunResult Result(RunRequest request, string mode, CommandEnd end, MachineTimings machine, long start) => new()
    {
        Environment = request.Environment,
        ExecutionMode = mode,
        ExitCode = end.ExitCode,
        Stdout = "",
        Stderr = "",
        TimedOut = end.TimedOut,
        TimingsMs = new RunTimings(
            Round(machine.Spawn),
            Round(machine.VmCreation + machine.Boot),
            Round(machine.AgentReady),
            Round(end.Duration),
            Round(Stopwatch.GetElapsedTime(start))),
    };

    private static double Round(TimeSpan time) => Math.Round(time.TotalMilliseconds, 3);
}
