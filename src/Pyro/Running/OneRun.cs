using System.Diagnostics;
using System.Globalization;
using Pyro.Components;
using Pyro.Environments;
using Pyro.Files;
using Pyro.Hosts;
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
        await InstallEnvironmentAsync(request.Environment, paths, progress, start, cancellationToken).ConfigureAwait(false);
        using var life = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        life.CancelAfter(TimeSpan.FromSeconds(request.TtlSeconds));
        try
        {
            var options = new MachineOptions { Environment = request.Environment, VcpuCount = request.VcpuCount, MemMib = request.MemMib };
            await using Machine machine = await Machine.StartAsync(options, paths, progress, life.Token).ConfigureAwait(false);
            CommandEnd end = await machine.RunCommandAsync(request, streams, progress, life.Token).ConfigureAwait(false);
            RunStats? stats = request.Stats ? await machine.CountAsync().ConfigureAwait(false) : null;
            RuntimeFolder.Reap(paths.Runtime);
            return Result(request, ExecutionModes.GuestVsock, end, machine.Timings, start) with { Stats = stats };
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new PyroException(
                ErrorCodes.TtlExpired,
                $"the machine reached its time to live of {request.TtlSeconds} seconds and was stopped",
                "Choose a larger --ttl-seconds.");
        }
    }

    // An environment that is known and not there is installed by the first run that needs it, on a host that can run it.
    private static async Task InstallEnvironmentAsync(string environment, PyroPaths paths, IProgress<RunPhase>? progress, long start, CancellationToken cancellationToken)
    {
        EnvironmentStore store = EnvironmentStore.OfUser(paths);
        if (store.IsPresent(environment))
            return;
        if (HostKvm.Probe() is { Kind: not KvmKind.Hardware } kvm)
            throw kvm.ToException();
        await store.PullAsync(environment, progress: new PullPhases(progress, start), cancellationToken: cancellationToken).ConfigureAwait(false);
    }

    private sealed class PullPhases(IProgress<RunPhase>? progress, long start) : IProgress<EnvironmentProgress>
    {
        public void Report(EnvironmentProgress value) =>
            progress?.Report(new RunPhase(RunPhase.Pull, Stopwatch.GetElapsedTime(start), [new("environment", value.Environment), new("step", value.Step), new("message", value.Message)]));
    }

    private static async Task<RunResult> RunOnHostAsync(RunRequest request, CommandStreams streams, IProgress<RunPhase>? progress, long start, CancellationToken cancellationToken)
    {
        CommandEnd end = await HostCommand.RunAsync(request, streams, progress, cancellationToken).ConfigureAwait(false);
        return Result(request, ExecutionModes.HostCompat, end, new MachineTimings(default, default, default, default), start);
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

    private static RunResult Result(RunRequest request, string mode, CommandEnd end, MachineTimings machine, long start) => new()
    {
        Environment = request.Environment,
        ExecutionMode = mode,
        ExitCode = end.ExitCode,
        Stdout = "",
        Stderr = "",
        TimedOut = end.TimedOut,
        TimingsMs = new RunTimings(
            Round(machine.Spawn + machine.VmCreation),
            Round(machine.Boot),
            Round(machine.AgentReady),
            Round(end.Duration),
            Round(Stopwatch.GetElapsedTime(start))),
    };

    private static double Round(TimeSpan time) => Math.Round(time.TotalMilliseconds, 3);
}
