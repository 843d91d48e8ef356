using System.Diagnostics;
using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Pyro.Environments;
using Pyro.Files;
using Pyro.Hosts;
using Pyro.Machines;

namespace Pyro.Warm;

/// <summary>Warm snapshots on request: made ahead of use, looked at, and removed once nothing starts from them.</summary>
internal sealed class Preparation(PyroPaths paths)
{
    private readonly WarmStore _store = new(paths);

    /// <summary>Installs an environment if it is not there, and makes its warm snapshot if that is not.</summary>
    internal async Task<PreparedEnvironment> PrepareAsync(MachineOptions options, bool force, IProgress<RunPhase>? progress, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        await EnvironmentInstaller.EnsureAsync(options.Environment, paths, progress, start, cancellationToken).ConfigureAwait(false);
        MachineParts parts = MachineParts.Find(options, paths);
        bool make = force || _store.StateOf(parts, out _) != WarmState.Warm;
        if (make)
        {
            using SafeFileHandle kvm = HostKvm.OpenForMachine();
            await new WarmUp(options, kvm, parts, paths, Tell).MakeAsync(_store, () => Tell("wait", "another process is making it"), cancellationToken).ConfigureAwait(false);
            await TryOutAsync(options, parts, cancellationToken).ConfigureAwait(false);
        }
        string folder = _store.FolderOf(parts);
        return new PreparedEnvironment(parts.Environment, options.VcpuCount, options.MemMib, _store.StateOf(parts, out _), make, folder, FileStatus.DiskUsageBelow(folder));

        void Tell(string step, string message) =>
            progress?.Report(new RunPhase(RunPhase.Prepare, Stopwatch.GetElapsedTime(start), message.Length > 0 ? [new("step", step), new("message", message)] : [new("step", step)]));
    }

    /// <summary>Whether machines of these options start from a snapshot, in words that begin with the state.</summary>
    internal (WarmState State, string Text) Describe(MachineOptions options)
    {
        MachineParts parts = MachineParts.Find(options, paths);
        WarmState state = _store.StateOf(parts, out string? why);
        string machines = $"machines of {options.Environment} with {options.VcpuCount} vCPU and {options.MemMib} MiB";
        return (state, state switch
        {
            WarmState.Warm => $"warm: {machines} start from a snapshot of {FileStatus.DiskUsageBelow(_store.FolderOf(parts)) / 1_000_000} MB",
            WarmState.Stale => $"stale: the snapshot for {machines} was made from another pyro, kernel or image; the next one replaces it",
            WarmState.Unfit => $"cold: {machines} boot, because they could not go on from their snapshot: {why}",
            _ => $"cold: the first of {machines} boots and leaves a snapshot for the next ones",
        });
    }

    /// <summary>Removes snapshots that no machine would start from.</summary>
    internal PruneResult Prune()
    {
        InstalledEnvironment[] installed = [.. EnvironmentStore.OfUser(paths).List().Select(static listing => listing.Installed).OfType<InstalledEnvironment>()];
        return _store.Prune(name => installed.Any(environment => IsOf(environment, name)));
    }

    // A snapshot counts once a machine went on from it.
    private async Task TryOutAsync(MachineOptions options, MachineParts parts, CancellationToken cancellationToken)
    {
        await using Machine machine = await Machine.StartAsync(options, paths, cancellationToken: cancellationToken).ConfigureAwait(false);
        if (machine.StartMode != StartMode.Warm)
        {
            _store.StateOf(parts, out string? why);
            throw new PyroException(ErrorCodes.SnapshotFailed, $"machines of {options.Environment} cannot go on from a snapshot here: {why ?? "it could not be loaded"}", "They boot instead. Run with --verbose for more.");
        }
    }

    // <environment's folder>-<vCPUs>x<MiB>[w]-<key>, as MachineParts and WarmStore write it.
    private bool IsOf(InstalledEnvironment environment, string name)
    {
        string[] words = name.StartsWith(environment.FolderName + "-", StringComparison.Ordinal) ? name[(environment.FolderName.Length + 1)..].Split('-') : [];
        bool forWorkspace = words.Length == 2 && words[0].EndsWith(MachineParts.WorkspaceMark, StringComparison.Ordinal);
        string[] size = words.Length == 2 ? words[0][..^(forWorkspace ? MachineParts.WorkspaceMark.Length : 0)].Split('x') : [];
        if (size.Length != 2
            || !int.TryParse(size[0], NumberStyles.None, CultureInfo.InvariantCulture, out int vcpus)
            || !int.TryParse(size[1], NumberStyles.None, CultureInfo.InvariantCulture, out int memory))
        {
            return false;
        }

        try
        {
            return MachineParts.Find(new MachineOptions { Environment = environment.Name, VcpuCount = vcpus, MemMib = memory, ForWorkspace = forWorkspace }, paths).Key == words[1];
        }
        catch (PyroException)
        {
            return false; // no kernel or agent: nothing starts from it
        }
    }
}
