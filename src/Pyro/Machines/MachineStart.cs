using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using Pyro.Hosts;
using Pyro.Warm;

namespace Pyro.Machines;

/// <summary>How a machine comes up: from its warm snapshot where there is one or can be made, else by a boot.</summary>
/// <param name="options">The machine.</param>
/// <param name="paths">Where Pyro keeps its files.</param>
/// <param name="progress">Told of each step, or null.</param>
/// <param name="keep">
/// Makes the files of a machine that is kept, over those of the warm snapshot, or of none: anew at each attempt. Null for a
/// machine that is thrown away.
/// </param>
internal sealed class MachineStart(MachineOptions options, PyroPaths paths, IProgress<RunPhase>? progress, Func<WarmSnapshot?, KeptMachine>? keep = null)
{
    private readonly long _start = Stopwatch.GetTimestamp();

    internal async Task<Machine> RunAsync(CancellationToken cancellationToken)
    {
        if (options.MemMib > HostLimits.MemoryMib)
        {
            throw new PyroException(
                ErrorCodes.OutOfMemory,
                $"a machine of {options.MemMib} MiB does not fit this host of {HostLimits.MemoryMib} MiB",
                "Choose a smaller --mem-mib.");
        }
        // Cheap refusals first: nothing is made on a host that cannot run machines.
        using SafeFileHandle kvm = HostKvm.OpenForMachine();
        MachineParts parts = MachineParts.Find(options, paths);
        return options.Cold ? await BootAsync(kvm, parts, cancellationToken).ConfigureAwait(false)
            : await TryGoOnAsync(kvm, parts, cancellationToken).ConfigureAwait(false) ?? await BootAsync(kvm, parts, cancellationToken).ConfigureAwait(false);
    }

    private async Task<Machine?> TryGoOnAsync(SafeFileHandle kvm, MachineParts parts, CancellationToken cancellationToken)
    {
        var store = new WarmStore(paths);
        string why = "";
        // Twice: a snapshot that does not load is replaced, and only a new one that does not load either is given up.
        for (int attempt = 0; attempt < 2; attempt++)
        {
            using WarmSnapshot? snapshot = store.TryOpen(parts) ?? await MakeAsync(store, kvm, parts, cancellationToken).ConfigureAwait(false);
            if (snapshot is null)
                return null;
            try
            {
                return await GoOnAsync(kvm, parts, snapshot, cancellationToken).ConfigureAwait(false);
            }
            catch (PyroException e) when (IsTheSnapshots(e))
            {
                why = e.Message;
                Tell("unusable", why);
                store.Discard(parts);
            }
        }

        await store.GiveUpAsync(parts, why).ConfigureAwait(false);
        return null;
    }

    private async Task<WarmSnapshot?> MakeAsync(WarmStore store, SafeFileHandle kvm, MachineParts parts, CancellationToken cancellationToken)
    {
        if (store.StateOf(parts, out _) == WarmState.Unfit)
            return null;
        try
        {
            bool made = await new WarmUp(options, kvm, parts, paths, Tell).MakeAsync(store, null, cancellationToken).ConfigureAwait(false);
            return made ? store.TryOpen(parts) : null;
        }
        catch (PyroException e)
        {
            // What keeps a machine from booting at all comes up again in a moment, with its own words.
            Tell("not_made", e.Message);
            return null;
        }
    }

    private async Task<Machine> GoOnAsync(SafeFileHandle kvm, MachineParts parts, WarmSnapshot snapshot, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        using MachineSnapshot files = snapshot.ToMachine(parts.OpenRootDisk());
        using KeptMachine? kept = keep?.Invoke(snapshot);
        Machine machine = new MachineLauncher(new MachineSpec(options, parts, paths)) { Kvm = kvm, Restore = files, Kept = kept }.Launch(start, progress);
        return await UpAsync(machine, machine.ResumeAsync(StartMode.Warm, NewIdentity.Request(kept?.HostName ?? "", kept?.MachineId), start, progress, cancellationToken)).ConfigureAwait(false);
    }

    private async Task<Machine> BootAsync(SafeFileHandle kvm, MachineParts parts, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        using KeptMachine? kept = keep?.Invoke(null);
        Machine machine = new MachineLauncher(new MachineSpec(options, parts, paths)) { Kvm = kvm, Kept = kept }.Launch(start, progress);
        return await UpAsync(machine, machine.WaitUntilBootedAsync(start, progress, cancellationToken)).ConfigureAwait(false);
    }

    /// <summary>Waits until a machine is up; one that does not come up is ended.</summary>
    internal static async Task<Machine> UpAsync(Machine machine, Task up)
    {
        try
        {
            await up.ConfigureAwait(false);
            return machine;
        }
        catch
        {
            await machine.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private void Tell(string step, string message) =>
        progress?.Report(new RunPhase(RunPhase.Prepare, Stopwatch.GetElapsedTime(_start), message.Length > 0 ? [new("step", step), new("message", message)] : [new("step", step)]));

    // A host without memory is no reason to throw a good snapshot away.
    internal static bool IsTheSnapshots(PyroException e) =>
        e.Code is ErrorCodes.SnapshotFailed or ErrorCodes.KvmFailed or ErrorCodes.AgentFailed or ErrorCodes.MachineDied or ErrorCodes.BootFailed;
}
