using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using Pyro.Files;
using Pyro.Hosts;
using Pyro.Machines;
using Pyro.Protocol;
using Pyro.Vmm.Processes;
using Pyro.Warm;

namespace Pyro.Workspaces.Engine;

/// <summary>Starts and stops the machines of workspaces; the caller holds the workspace's lock.</summary>
internal sealed class WorkspaceMachines(PyroPaths paths)
{
    private static readonly TimeSpan s_powerOffLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_endLimit = TimeSpan.FromSeconds(10);

    /// <summary>Whether a workspace's machine runs; if not, why.</summary>
    internal static (WorkspaceState State, string? Reason) StateOf(WorkspaceFolder folder, WorkspaceRecord record)
    {
        if (AliveLock.IsHeld(folder.Alive))
            return (WorkspaceState.Running, null);
        return (WorkspaceState.Stopped, record.RuntimeId is null ? "stopped on request" : folder.LastWords() ?? "its machine's process was killed, or the host was restarted");
    }

    /// <summary>The guest's socket of a machine that runs.</summary>
    internal string VsockPath(WorkspaceRecord record) => MachineSockets.VsockPath(RuntimePath(record));

    /// <summary>A running machine's process.</summary>
    internal AttachedVmm Attach(WorkspaceRecord record) => new(MachineSockets.ControlPath(RuntimePath(record)));

    /// <summary>What the record says of a machine.</summary>
    internal static MachineOptions OptionsOf(WorkspaceRecord record) =>
        new() { Environment = record.Environment, VcpuCount = record.VcpuCount, MemMib = record.MemMib, ForWorkspace = true };

    /// <summary>Opens what a machine of this workspace needs; its live layer is made if it is not there.</summary>
    internal static KeptMachine Open(WorkspaceFolder folder, WorkspaceRecord record)
    {
        string[] frozen = [.. record.Layers.Take(record.Layers.Count - 1)];
        return new KeptMachine
        {
            Disk = new MachineDisk(
                PrivateFile.Open(folder.Image),
                [.. frozen.Select(layer => PrivateFile.Open(folder.LayerPath(layer)))],
                PrivateFile.Open(folder.LayerPath(record.Layers[^1]), write: true, create: true)),
            BaselineLayers = Math.Min(record.BaselineLayers, frozen.Length),
            Alive = AliveLock.Take(folder.Alive),
            Exit = Fresh(folder.Exit),
            Console = Fresh(folder.Console),
            Log = Fresh(folder.VmmLog),
            ExpiresAt = record.ExpiresAt,
            HostName = record.HostName,
            MachineId = record.MachineId,
        };
    }

    /// <summary>
    /// Starts the first machine of a folder that has no disk layers yet, from the environment's warm snapshot where there is
    /// one. It ends with this process until it is released.
    /// </summary>
    internal async Task<(Machine Machine, WorkspaceRecord Record)> StartFirstAsync(WorkspaceFolder folder, WorkspaceRecord record, IProgress<RunPhase>? progress, CancellationToken cancellationToken)
    {
        KeptMachine Keep(WarmSnapshot? warm)
        {
            foreach (string layer in Directory.GetFiles(folder.Layers))
                File.Delete(layer);
            record = record with { Layers = [WorkspaceDisk.NextLayer(folder)] };
            if (warm is not null)
            {
                SparseCopy.Copy(warm.Layer, folder.LayerPath(record.Layers[0]));
                record = record with { Layers = [record.Layers[0], WorkspaceDisk.NextLayer(folder)] };
            }

            return Open(folder, record);
        }

        Machine machine = await new MachineStart(OptionsOf(record), paths, progress, Keep).RunAsync(cancellationToken).ConfigureAwait(false);
        return (machine, record with { RuntimeId = machine.Id, ProcessId = machine.ProcessId });
    }

    /// <summary>
    /// Starts the machine of a stopped workspace: from a snapshot's memory, if there is one that can be used, else by a boot
    /// from its disk. The machine ends with this process until it is released.
    /// </summary>
    /// <param name="folder">The workspace.</param>
    /// <param name="record">Its record; its last layer is empty if there is a snapshot to go on from.</param>
    /// <param name="snapshot">The folder of the snapshot, or null.</param>
    /// <param name="progress">Told of each step, or null.</param>
    /// <param name="cancellationToken">Ends the machine before it is up.</param>
    internal async Task<Machine> StartAsync(WorkspaceFolder folder, WorkspaceRecord record, string? snapshot, IProgress<RunPhase>? progress, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        MachineOptions options = OptionsOf(record);
        var spec = new MachineSpec(options, MachineParts.Find(options, record.EnvironmentDigest, folder.Image, paths), paths);
        using SafeFileHandle kvm = HostKvm.OpenForMachine();
        if (snapshot is not null)
        {
            try
            {
                using KeptMachine kept = Open(folder, record);
                using var source = new MachineSnapshot(
                    $"snapshot {Path.GetFileName(snapshot)}",
                    PrivateFile.Open(Path.Combine(snapshot, WorkspaceSnapshots.StateFile)),
                    PrivateFile.Open(Path.Combine(snapshot, WorkspaceSnapshots.MemoryFile)),
                    PrivateFile.Open(folder.Image),
                    Layers: []); // the disk is the kept machine's own
                Machine restored = new MachineLauncher(spec) { Kvm = kvm, Restore = source, Kept = kept }.Launch(start, progress);
                ResumeRequest identity = NewIdentity.Request(record.HostName, record.MachineId);
                return await MachineStart.UpAsync(restored, restored.ResumeAsync(StartMode.Warm, identity, start, progress, cancellationToken)).ConfigureAwait(false);
            }
            catch (PyroException e) when (MachineStart.IsTheSnapshots(e))
            {
                // Another pyro or kernel, usually. The disk is whole all the same; what the attempt wrote to it is not wanted.
                progress?.Report(new RunPhase(RunPhase.Prepare, Stopwatch.GetElapsedTime(start), [new("step", "memory_unusable"), new("message", e.Message)]));
                await AliveLock.WaitUntilFreeAsync(folder.Alive, s_endLimit, cancellationToken).ConfigureAwait(false);
                File.Delete(folder.LayerPath(record.Layers[^1]));
            }
        }

        using KeptMachine files = Open(folder, record);
        Machine machine = new MachineLauncher(spec) { Kvm = kvm, Kept = files }.Launch(start, progress);
        return await MachineStart.UpAsync(machine, machine.WaitUntilBootedAsync(start, progress, cancellationToken)).ConfigureAwait(false);
    }

    /// <summary>Lets the guest write everything to its disk and switch itself off, and ends the machine if it does not.</summary>
    internal async Task PowerOffAsync(WorkspaceFolder folder, WorkspaceRecord record, CancellationToken cancellationToken)
    {
        if (!AliveLock.IsHeld(folder.Alive))
            return;
        try
        {
            await using (GuestConnection connection = await GuestConnection.ConnectAsync(VsockPath(record), cancellationToken: cancellationToken).ConfigureAwait(false))
                await connection.PowerOffAsync(new PowerOffRequest(), cancellationToken).ConfigureAwait(false);
            if (await AliveLock.WaitUntilFreeAsync(folder.Alive, s_powerOffLimit, cancellationToken).ConfigureAwait(false))
                return;
        }
        catch (Exception e) when (GuestExec.IsLoss(e) || e is GuestRequestException)
        {
            // An agent that is gone cannot be asked.
        }

        await EndAsync(folder, record, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends the machine as by pulling its plug.</summary>
    /// <exception cref="PyroException">Its process does not end.</exception>
    internal async Task EndAsync(WorkspaceFolder folder, WorkspaceRecord record, CancellationToken cancellationToken)
    {
        if (!AliveLock.IsHeld(folder.Alive))
            return;
        if (Attach(record).TryStop() && await AliveLock.WaitUntilFreeAsync(folder.Alive, s_endLimit, cancellationToken).ConfigureAwait(false))
            return;
        // It holds the lock, so it lives, and the number in the record is its own.
        try
        {
            using Process process = Process.GetProcessById(record.ProcessId);
            process.Kill();
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
        }

        if (!await AliveLock.WaitUntilFreeAsync(folder.Alive, s_endLimit, cancellationToken).ConfigureAwait(false))
            throw new PyroException(ErrorCodes.WorkspaceBusy, $"the machine of workspace {record.WorkspaceId} (process {record.ProcessId}) does not end", "Try again; if it stays, end that process.");
    }

    private string RuntimePath(WorkspaceRecord record) => Path.Combine(paths.Runtime, record.RuntimeId ?? "none");

    private static SafeFileHandle Fresh(string path)
    {
        File.Delete(path);
        return PrivateFile.Create(path);
    }
}
