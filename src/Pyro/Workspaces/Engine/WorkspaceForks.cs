using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Pyro.Files;
using Pyro.Machines;
using Pyro.Protocol;
using Pyro.Vmm.Processes;

namespace Pyro.Workspaces.Engine;

/// <summary>Makes running copies of a running workspace. The moment of the fork is the baseline of each.</summary>
internal sealed class WorkspaceForks(PyroPaths paths, WorkspaceStore store)
{
    private const string StagePrefix = ".new-fork-";

    private readonly WorkspaceMachines _machines = new(paths);
    private readonly WorkspaceCreation _creation = new(paths, store);

    /// <summary>Makes them: all, or none.</summary>
    internal async Task<WorkspaceForkList> ForkAsync(WorkspaceFolder source, ForkWorkspaceRequest request, IProgress<RunPhase>? progress, CancellationToken cancellationToken)
    {
        var names = new string?[request.Count];
        for (int i = 0; i < names.Length; i++)
            names[i] = NameOf(request, i + 1);
        using FileLock? givingNames = request.Name is null ? null : await store.LockNamesAsync(cancellationToken).ConfigureAwait(false);
        foreach (string? name in names)
            store.RequireFreeName(name);

        string stage = source.SnapshotPath(StagePrefix + Guid.NewGuid().ToString("N"));
        try
        {
            WorkspaceRecord record;
            IReadOnlyList<string> frozen;
            using (await store.LockAsync(source, cancellationToken).ConfigureAwait(false))
            {
                record = WorkspaceDisk.LoadSettled(source);
                WorkspaceCommands.RequireRunning(source, record);
                WorkspaceSnapshots.RequireRoom(source, record);
                frozen = record.Layers;
                PrivateFolder.CreateNew(stage);
                await SaveAsync(source, record, stage, cancellationToken).ConfigureAwait(false);
            }

            return new WorkspaceForkList(source.Id, await StartAllAsync(source, record, frozen, stage, names, progress, cancellationToken).ConfigureAwait(false));
        }
        finally
        {
            if (Directory.Exists(stage))
                Directory.Delete(stage, recursive: true);
        }
    }

    private static string? NameOf(ForkWorkspaceRequest request, int number) =>
        request.Name is null || request.Count == 1 ? request.Name : string.Create(CultureInfo.InvariantCulture, $"{request.Name}-{number}");

    private async Task SaveAsync(WorkspaceFolder source, WorkspaceRecord record, string stage, CancellationToken cancellationToken)
    {
        // As for a snapshot: the layer that the machine may get to is announced first.
        WorkspaceRecord announced = record with { Layers = [.. record.Layers, WorkspaceDisk.NextLayer(source)] };
        source.Save(announced);
        using SafeFileHandle state = PrivateFile.Create(Path.Combine(stage, WorkspaceSnapshots.StateFile));
        using SafeFileHandle memory = PrivateFile.Create(Path.Combine(stage, WorkspaceSnapshots.MemoryFile));
        using SafeFileHandle live = PrivateFile.Create(source.LayerPath(announced.Layers[^1]));
        string? error;
        try
        {
            AttachedVmm vmm = _machines.Attach(record);
            LiveSave save = await LiveFork.SaveAsync(_machines.VsockPath(record), wentOn => vmm.SaveLiveAsync(state, memory, [live], sync: true, wentOn), cancellationToken).ConfigureAwait(false);
            error = save.Result.Error;
        }
        catch (Exception e) when (GuestExec.IsLoss(e) || e is GuestRequestException)
        {
            error = e.Message;
        }

        if (error is null)
            return;
        source.Save(record with { Layers = WorkspaceDisk.Settle(source, announced.Layers) });
        throw new PyroException(ErrorCodes.ForkFailed, $"the workspace {source.Id} cannot be forked: {error}", "Check that the disk has room, and that the workspace runs: pyro workspace status ID");
    }

    private async Task<IReadOnlyList<Workspace>> StartAllAsync(
        WorkspaceFolder source, WorkspaceRecord record, IReadOnlyList<string> frozen, string stage, string?[] names, IProgress<RunPhase>? progress, CancellationToken cancellationToken)
    {
        using var turns = new SemaphoreSlim(Environment.ProcessorCount);
        Task<Workspace>[] starts = [.. names.Select(StartInTurnAsync)];
        try
        {
            return await Task.WhenAll(starts).ConfigureAwait(false);
        }
        catch
        {
            var lifecycle = new WorkspaceLifecycle(paths, store);
            foreach (Task<Workspace> made in starts.Where(static s => s.IsCompletedSuccessfully))
                await lifecycle.DeleteAsync(store.FolderOf((await made.ConfigureAwait(false)).WorkspaceId), CancellationToken.None).ConfigureAwait(false);
            throw;
        }

        async Task<Workspace> StartInTurnAsync(string? name)
        {
            await turns.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                return await Task.Run(() => StartAsync(source, Child(record, frozen, name), stage, progress, cancellationToken), cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                turns.Release();
            }
        }
    }

    private static WorkspaceRecord Child(WorkspaceRecord source, IReadOnlyList<string> frozen, string? name)
    {
        DateTimeOffset now = WorkspaceCreation.Now();
        return source with
        {
            WorkspaceId = WorkspaceCreation.NewId(),
            Name = name,
            WorkspaceSeed = new WorkspaceSeed("fork", null, "workspace", source.WorkspaceId),
            MachineId = NewIdentity.MachineId(),
            CreatedAt = now,
            ExpiresAt = source.TtlSeconds is int ttl ? now.AddSeconds(ttl) : null,
            ForkedFrom = source.WorkspaceId,
            ResetCount = 0,
            LastResetAt = null,
            Layers = frozen,
            BaselineLayers = frozen.Count,
            RuntimeId = null,
            ProcessId = 0,
        };
    }

    private async Task<Workspace> StartAsync(WorkspaceFolder source, WorkspaceRecord child, string stage, IProgress<RunPhase>? progress, CancellationToken cancellationToken)
    {
        Machine? machine = null;
        try
        {
            await _creation.InstallAsync(child, async folder =>
            {
                // Second names for files that nobody changes any more.
                SparseCopy.Link(source.Image, folder.Image);
                foreach (string layer in child.Layers)
                    SparseCopy.Link(source.LayerPath(layer), folder.LayerPath(layer));
                string baseline = folder.SnapshotPath(WorkspaceSnapshot.Baseline);
                PrivateFolder.CreateNew(baseline);
                foreach (string file in (string[])[WorkspaceSnapshots.StateFile, WorkspaceSnapshots.MemoryFile])
                    SparseCopy.Link(Path.Combine(stage, file), Path.Combine(baseline, file));
                WorkspaceFolder.SaveSnapshot(baseline, new SnapshotRecord { SnapshotName = WorkspaceSnapshot.Baseline, CreatedAt = child.CreatedAt, Layers = child.Layers, HasMemory = true });

                child = child with { Layers = [.. child.Layers, WorkspaceDisk.NextLayer(folder)] };
                machine = await _machines.StartAsync(folder, child, baseline, progress, cancellationToken).ConfigureAwait(false);
                child = child with { RuntimeId = machine.Id, ProcessId = machine.ProcessId };
                folder.Save(child);
            }, cancellationToken).ConfigureAwait(false);
            machine!.Release();
            machine = null;
            return WorkspaceStore.Describe(store.FolderOf(child.WorkspaceId), child);
        }
        finally
        {
            if (machine is not null)
                await machine.DisposeAsync().ConfigureAwait(false);
        }
    }
}
