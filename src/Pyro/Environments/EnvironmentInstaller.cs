using System.Diagnostics;
using Pyro.Hosts;

namespace Pyro.Environments;

/// <summary>Environments that are known and not there are installed by the first machine that needs them.</summary>
internal static class EnvironmentInstaller
{
    /// <summary>Installs an environment if it is not there, on a host that can run it.</summary>
    /// <exception cref="PyroException">It is not known, cannot be installed, or this host runs no machines.</exception>
    internal static async Task EnsureAsync(string environment, PyroPaths paths, IProgress<RunPhase>? progress, long start, CancellationToken cancellationToken)
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
}
