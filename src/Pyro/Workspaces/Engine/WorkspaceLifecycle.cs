using Pyro.Files;
using Pyro.Machines;

namespace Pyro.Workspaces.Engine;

/// <summary>What changes a workspace as a whole. Each method takes the workspace's lock for as long as it works.</summary>
internal sealed class WorkspaceLifecycle(PyroPaths paths, WorkspaceStore store)
{
    private readonly WorkspaceMachines _machines = new(paths);
    private readonly WorkspaceSnapshots _snapshots = new(paths);

    /// <summary>Starts a stopped one from its disk; nothing happens to one that runs.</summary>
    internal async Task<Workspace> StartAsync(WorkspaceFolder folder, IProgress<RunPhase>? progress, CancellationToken cancellationToken)
    {
        using FileLock held = await store.LockAsync(folder, cancellationToken).ConfigureAwait(false);
        WorkspaceRecord record = WorkspaceDisk.LoadSettled(folder);
        if (!AliveLock.IsHeld(folder.Alive))
            record = await RunAsync(folder, record, snapshot: null, progress, cancellationToken).ConfigureAwait(false);
        return WorkspaceStore.Describe(folder, record);
    }

    /// <summary>Has a running one write everything to its disk and switch itself off; nothing happens to one that is stopped.</summary>
    internal async Task<Workspace> StopAsync(WorkspaceFolder folder, CancellationToken cancellationToken)
    {
        using FileLock held = await store.LockAsync(folder, cancellationToken).ConfigureAwait(false);
        WorkspaceRecord record = folder.Load();
        if (AliveLock.IsHeld(folder.Alive))
        {
            await _machines.PowerOffAsync(folder, record, cancellationToken).ConfigureAwait(false);
            record = record with { RuntimeId = null, ProcessId = 0 };
            folder.Save(record);
        }

        return WorkspaceStore.Describe(folder, record);
    }

    /// <summary>Ends the machine and removes the folder, damaged or not.</summary>
    internal async Task<DeletedWorkspace> DeleteAsync(WorkspaceFolder folder, CancellationToken cancellationToken)
    {
        using FileLock held = await store.LockAsync(folder, cancellationToken).ConfigureAwait(false);
        if (AliveLock.IsHeld(folder.Alive))
            await _machines.EndAsync(folder, folder.Load(), cancellationToken).ConfigureAwait(false);
        store.Folders.RemoveHeld(folder.Id);
        RuntimeFolder.Reap(paths.Runtime);
        return new DeletedWorkspace(folder.Id, Deleted: true);
    }

    /// <summary>Deletes the workspaces whose time is over, and what creations left that were interrupted.</summary>
    /// <returns>The ids of those that were deleted.</returns>
    internal async Task<IReadOnlyList<string>> ReapAsync(CancellationToken cancellationToken)
    {
        store.Folders.Prune(static _ => true);
        var reaped = new List<string>();
        foreach (Workspace workspace in store.List().Where(static w => w.ExpiresAt is DateTimeOffset expiry && expiry <= DateTimeOffset.UtcNow))
        {
            try
            {
                await DeleteAsync(store.FolderOf(workspace.WorkspaceId), cancellationToken).ConfigureAwait(false);
                reaped.Add(workspace.WorkspaceId);
            }
            catch (PyroException e) when (e.Code == ErrorCodes.WorkspaceNotFound)
            {
                // Another process was quicker.
            }
        }

        return reaped;
    }

    /// <summary>Changes name and labels.</summary>
    internal async Task<Workspace> UpdateAsync(WorkspaceFolder folder, UpdateWorkspaceRequest request, CancellationToken cancellationToken)
    {
        using FileLock? names = request.Name is null ? null : await store.LockNamesAsync(cancellationToken).ConfigureAwait(false);
        store.RequireFreeName(request.Name, folder.Id);
        using FileLock held = await store.LockAsync(folder, cancellationToken).ConfigureAwait(false);
        WorkspaceRecord record = folder.Load();
        var labels = new SortedDictionary<string, string>(record.Labels, StringComparer.Ordinal);
        foreach (string key in request.ClearLabels)
            labels.Remove(key);
        foreach ((string key, string value) in request.Labels)
            labels[key] = value;
        WorkspaceNames.RequireLabels(labels);
        record = record with { Name = request.ClearName ? null : request.Name ?? record.Name, Labels = labels };
        folder.Save(record);
        return WorkspaceStore.Describe(folder, record);
    }

    /// <summary>Takes a snapshot.</summary>
    internal async Task<WorkspaceSnapshot> TakeSnapshotAsync(WorkspaceFolder folder, string name, CancellationToken cancellationToken)
    {
        using FileLock held = await store.LockAsync(folder, cancellationToken).ConfigureAwait(false);
        await _snapshots.TakeAsync(folder, WorkspaceDisk.LoadSettled(folder), name, cancellationToken).ConfigureAwait(false);
        new History(folder).Add(new HistoryEntry { Kind = History.Snapshot, At = WorkspaceCreation.Now(), Subject = name });
        return WorkspaceSnapshots.Describe(folder, WorkspaceSnapshots.Find(folder, name));
    }

    /// <summary>Deletes a snapshot.</summary>
    internal async Task<DeletedSnapshot> DeleteSnapshotAsync(WorkspaceFolder folder, string name, CancellationToken cancellationToken)
    {
        using FileLock held = await store.LockAsync(folder, cancellationToken).ConfigureAwait(false);
        WorkspaceSnapshots.Delete(folder, WorkspaceDisk.LoadSettled(folder), name);
        new History(folder).Add(new HistoryEntry { Kind = History.SnapshotDeleted, At = WorkspaceCreation.Now(), Subject = name });
        return new DeletedSnapshot(folder.Id, name, Deleted: true);
    }

    /// <summary>Puts disk, and memory where the snapshot has it, back. The machine runs afterwards.</summary>
    internal async Task<Workspace> ResetAsync(WorkspaceFolder folder, string name, IProgress<RunPhase>? progress, CancellationToken cancellationToken)
    {
        using FileLock held = await store.LockAsync(folder, cancellationToken).ConfigureAwait(false);
        SnapshotRecord snapshot = WorkspaceSnapshots.Find(folder, name);
        WorkspaceRecord record = folder.Load();
        await _machines.EndAsync(folder, record, cancellationToken).ConfigureAwait(false);
        record = record with
        {
            Layers = [.. snapshot.Layers, WorkspaceDisk.NextLayer(folder)],
            RuntimeId = null,
            ProcessId = 0,
            ResetCount = record.ResetCount + 1,
            LastResetAt = WorkspaceCreation.Now(),
        };
        folder.Save(record);
        new History(folder).Clear();
        WorkspaceDisk.RemoveUnused(folder, record, WorkspaceSnapshots.All(folder));
        record = await RunAsync(folder, record, snapshot.HasMemory ? folder.SnapshotPath(name) : null, progress, cancellationToken).ConfigureAwait(false);
        return WorkspaceStore.Describe(folder, record);
    }

    private async Task<WorkspaceRecord> RunAsync(WorkspaceFolder folder, WorkspaceRecord record, string? snapshot, IProgress<RunPhase>? progress, CancellationToken cancellationToken)
    {
        Machine machine = await _machines.StartAsync(folder, record, snapshot, progress, cancellationToken).ConfigureAwait(false);
        try
        {
            record = record with { RuntimeId = machine.Id, ProcessId = machine.ProcessId };
            folder.Save(record);
        }
        catch
        {
            await machine.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        machine.Release();
        return record;
    }
}
