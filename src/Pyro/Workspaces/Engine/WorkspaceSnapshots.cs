using Microsoft.Win32.SafeHandles;
using Pyro.Files;
using Pyro.Machines;
using Pyro.Protocol;
using Pyro.Vmm.Processes;

namespace Pyro.Workspaces.Engine;

/// <summary>Takes, lists and deletes the snapshots of a workspace. Whoever takes or deletes one holds the workspace's lock.</summary>
internal sealed class WorkspaceSnapshots(PyroPaths paths)
{
    internal const string StateFile = "state";
    internal const string MemoryFile = "memory";

    private const string StagePrefix = ".new-";

    // A machine's process is given all layers in one message of at most 253 files.
    private const int MaxLayers = 200;

    private readonly WorkspaceMachines _machines = new(paths);

    /// <summary>A workspace's snapshots in the order in which they were taken.</summary>
    internal static IReadOnlyList<SnapshotRecord> All(WorkspaceFolder folder) =>
        [.. Directory.EnumerateDirectories(folder.Snapshots)
            .Select(Path.GetFileName)
            .Where(static name => !name!.StartsWith(StagePrefix, StringComparison.Ordinal))
            .Select(name => folder.LoadSnapshot(name!))
            .OrderBy(static s => s.CreatedAt)];

    /// <exception cref="PyroException">There is none of this name.</exception>
    internal static SnapshotRecord Find(WorkspaceFolder folder, string name)
    {
        if (name != Path.GetFileName(name) || name.StartsWith('.') || !Directory.Exists(folder.SnapshotPath(name)))
            throw new PyroException(ErrorCodes.SnapshotNotFound, $"the workspace {folder.Id} has no snapshot '{name}'", $"See which it has: pyro workspace snapshot list {folder.Id}");
        return folder.LoadSnapshot(name);
    }

    /// <exception cref="PyroException">The disk has as many layers as it can have.</exception>
    internal static void RequireRoom(WorkspaceFolder folder, WorkspaceRecord record)
    {
        if (record.Layers.Count >= MaxLayers)
        {
            throw new PyroException(
                ErrorCodes.SnapshotFailed,
                $"the disk of workspace {folder.Id} has {record.Layers.Count} layers, one for each snapshot and fork since the state it was last reset to",
                $"Reset it to an earlier snapshot: pyro workspace snapshot list {folder.Id}");
        }
    }

    internal static WorkspaceSnapshot Describe(WorkspaceFolder folder, SnapshotRecord record) =>
        new(folder.Id, record.SnapshotName, record.CreatedAt, record.HasMemory, FileStatus.DiskUsageBelow(folder.SnapshotPath(record.SnapshotName)));

    /// <summary>Takes one: of disk and memory if the machine runs, else of the disk.</summary>
    /// <returns>The record, whose machine goes on in a new layer.</returns>
    internal async Task<WorkspaceRecord> TakeAsync(WorkspaceFolder folder, WorkspaceRecord record, string name, CancellationToken cancellationToken)
    {
        string target = folder.SnapshotPath(name);
        if (Directory.Exists(target))
            throw new PyroException(ErrorCodes.SnapshotExists, $"the workspace {folder.Id} has a snapshot '{name}' already", "Choose another name, or delete that one.");

        RequireRoom(folder, record);
        string stage = folder.SnapshotPath(StagePrefix + name);
        if (Directory.Exists(stage))
            Directory.Delete(stage, recursive: true);
        PrivateFolder.CreateNew(stage);
        try
        {
            bool runs = AliveLock.IsHeld(folder.Alive);
            IReadOnlyList<string> frozen = record.Layers;
            // Announced first: whatever happens from here on, the layers that the machine may get to are known.
            record = record with { Layers = [.. record.Layers, WorkspaceDisk.NextLayer(folder)] };
            if (runs)
            {
                record = await TakeRunningAsync(folder, record, stage, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                WorkspaceDisk.Freeze(folder, frozen);
                folder.Save(record);
            }

            WorkspaceFolder.SaveSnapshot(stage, new SnapshotRecord { SnapshotName = name, CreatedAt = WorkspaceCreation.Now(), Layers = frozen, HasMemory = runs });
            Directory.Move(stage, target);
            FolderInstallation.Sync(folder.Snapshots);
            return record;
        }
        catch (IOException e)
        {
            throw Failed(e.Message, e);
        }
        finally
        {
            if (Directory.Exists(stage))
                Directory.Delete(stage, recursive: true);
        }
    }

    /// <summary>Removes one, and the layers that only it was made of.</summary>
    internal static void Delete(WorkspaceFolder folder, WorkspaceRecord record, string name)
    {
        Find(folder, name);
        if (name == WorkspaceSnapshot.Baseline)
            throw new PyroException(ErrorCodes.InvalidArgument, "the baseline stays for as long as the workspace does", "Delete the workspace: pyro workspace delete ID");
        string stage = folder.SnapshotPath(StagePrefix + name);
        if (Directory.Exists(stage))
            Directory.Delete(stage, recursive: true);
        Directory.Move(folder.SnapshotPath(name), stage);
        Directory.Delete(stage, recursive: true);
        WorkspaceDisk.RemoveUnused(folder, record, All(folder));
    }

    private async Task<WorkspaceRecord> TakeRunningAsync(WorkspaceFolder folder, WorkspaceRecord record, string stage, CancellationToken cancellationToken)
    {
        folder.Save(record);
        using SafeFileHandle state = PrivateFile.Create(Path.Combine(stage, StateFile));
        using SafeFileHandle memory = PrivateFile.Create(Path.Combine(stage, MemoryFile));
        using SafeFileHandle live = PrivateFile.Create(folder.LayerPath(record.Layers[^1]));
        await SyncAsync(record, cancellationToken).ConfigureAwait(false);
        // Not cancelled half-way: the machine would be in a layer that is of no snapshot.
        MachineSavedLive saved = await _machines.Attach(record).SaveLiveAsync(state, memory, [live], sync: true).ConfigureAwait(false);
        if (saved.Error is null)
            return record;
        // Perhaps the machine got to the new layer all the same.
        WorkspaceRecord settled = record with { Layers = WorkspaceDisk.Settle(folder, record.Layers) };
        folder.Save(settled);
        throw Failed(saved.Error, null);
    }

    // What programs have written and not yet synced belongs to the snapshot too, also where only its disk can be used later.
    private async Task SyncAsync(WorkspaceRecord record, CancellationToken cancellationToken)
    {
        try
        {
            await using GuestConnection connection = await GuestConnection.ConnectAsync(_machines.VsockPath(record), cancellationToken: cancellationToken).ConfigureAwait(false);
            await connection.SyncAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (GuestExec.IsLoss(e) || e is GuestRequestException)
        {
            throw Failed($"the guest does not answer: {e.Message}", e);
        }
    }

    private static PyroException Failed(string why, Exception? cause) =>
        new(ErrorCodes.SnapshotFailed, $"the snapshot could not be taken: {why}", "Check that the disk has room, and that the workspace runs: pyro workspace status ID", cause ?? new IOException(why));
}
