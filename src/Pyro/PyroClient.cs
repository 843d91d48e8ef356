using Pyro.Diagnostics;
using Pyro.Environments;
using Pyro.Machines;
using Pyro.Running;
using Pyro.Warm;

namespace Pyro;

/// <summary>
/// Pyro for programs: machines and environments. Instances hold no state and may be used from several threads; every
/// call can be cancelled and then leaves nothing behind.
/// </summary>
/// <param name="paths">Where Pyro keeps its files; null for this user's usual folders.</param>
public sealed partial class PyroClient(PyroPaths? paths = null)
{
    /// <summary>Where this client keeps its files.</summary>
    public PyroPaths Paths { get; } = paths ?? PyroPaths.FromEnvironment();

    /// <summary>Runs one command in one throw-away machine.</summary>
    /// <param name="request">What to run.</param>
    /// <param name="streams">Where its input comes from and its output goes to; null for no input and collected output. They stay the caller's.</param>
    /// <param name="progress">Told of each step, or null. Called from any thread, before the next step begins.</param>
    /// <param name="cancellationToken">Stops the command and its machine.</param>
    /// <exception cref="PyroException">Pyro could not run it. A command that ran and failed is a result, not an exception.</exception>
    /// <exception cref="OperationCanceledException">The token was set; command and machine are gone.</exception>
    /// <exception cref="IOException">A stream of the caller's failed; command and machine are gone.</exception>
    public Task<RunResult> RunInVmAsync(RunRequest request, RunStreams? streams = null, IProgress<RunPhase>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Validate();
        return OneRun.RunAsync(request, streams ?? new RunStreams(), Paths, progress, cancellationToken);
    }

    /// <summary>Installs an environment if it is not there, and makes the snapshot that its machines start from.</summary>
    /// <param name="options">The machines.</param>
    /// <param name="force">Make the snapshot anew even if it is there.</param>
    /// <param name="progress">Told of each step, or null.</param>
    /// <param name="cancellationToken">Ends the call; nothing is left of half-done work.</param>
    /// <exception cref="PyroException">It could not be installed or made, or machines cannot go on from it here.</exception>
    public Task<PreparedEnvironment> PrepareEnvironmentAsync(MachineOptions options, bool force = false, IProgress<RunPhase>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        new RunRequest { Environment = options.Environment, Command = ["true"], VcpuCount = options.VcpuCount, MemMib = options.MemMib }.Validate();
        return new Preparation(Paths).PrepareAsync(options, force, progress, cancellationToken);
    }

    /// <summary>Looks at everything that a machine needs on this host.</summary>
    /// <param name="environment">The environment to look for.</param>
    /// <returns>What is in order, and what to do about the rest.</returns>
    public DoctorReport Diagnose(string environment = "debian:12")
    {
        ArgumentException.ThrowIfNullOrEmpty(environment);
        return new Doctor(Paths, environment).Examine();
    }

    /// <summary>The environments that can be installed and those that are.</summary>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<EnvironmentList> ListEnvironmentsAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(new EnvironmentList(EnvironmentStore.OfUser(Paths).List()));
    }

    /// <summary>Installs an environment if it is not there whole.</summary>
    /// <param name="environment">Its name, as <c>debian:12</c>.</param>
    /// <param name="force">Install it anew even if it is there.</param>
    /// <param name="progress">Told of each step, or null.</param>
    /// <param name="cancellationToken">Ends the call; nothing is left of a half-done installation.</param>
    /// <exception cref="PyroException">The name is not known, or it could not be installed.</exception>
    public Task<InstalledEnvironment> PullEnvironmentAsync(string environment, bool force = false, IProgress<EnvironmentProgress>? progress = null, CancellationToken cancellationToken = default) =>
        EnvironmentStore.OfUser(Paths).PullAsync(environment, force, progress, cancellationToken);

    /// <summary>Looks at an installed environment.</summary>
    /// <param name="environment">Its name, as <c>debian:12</c>.</param>
    /// <param name="verify">Read the whole image and compare its digest.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="PyroException">The name is not known, or the environment is not installed or damaged.</exception>
    public Task<InstalledEnvironment> InspectEnvironmentAsync(string environment, bool verify = false, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        EnvironmentStore store = EnvironmentStore.OfUser(Paths);
        return verify
            ? Task.Run(() => store.Verify(environment, cancellationToken), cancellationToken)
            : Task.FromResult(store.Resolve(environment));
    }

    /// <summary>Removes an installed environment and its snapshots. Machines that run keep its files until they end.</summary>
    /// <param name="environment">Its name, as <c>debian:12</c>.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="PyroException">The name is not known, or its files cannot be removed.</exception>
    public Task<RemovedEnvironment> RemoveEnvironmentAsync(string environment, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        EnvironmentStore store = EnvironmentStore.OfUser(Paths);
        bool removed = store.Remove(environment);
        new WarmStore(Paths).Remove(store.FolderNameOf(environment));
        return Task.FromResult(new RemovedEnvironment(environment, removed));
    }

    /// <summary>Removes what nothing uses any more: images of older recipes, snapshots of older machines, damaged ones, interrupted builds.</summary>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="PyroException">A folder cannot be removed.</exception>
    public Task<PruneResult> PruneEnvironmentsAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        PruneResult images = EnvironmentStore.OfUser(Paths).Prune();
        PruneResult snapshots = new Preparation(Paths).Prune();
        return Task.FromResult(new PruneResult([.. images.Removed, .. snapshots.Removed], images.FreedBytes + snapshots.FreedBytes));
    }
}
