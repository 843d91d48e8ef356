using System.Diagnostics;
using Pyro.Environments;
using Pyro.Files;
using Pyro.Machines;
using Pyro.Workspaces.Files;

namespace Pyro.Workspaces.Engine;

/// <summary>Makes workspaces. A folder appears in the store when the workspace is whole; until then a crash leaves nothing that lives.</summary>
internal sealed class WorkspaceCreation(PyroPaths paths, WorkspaceStore store)
{
    private readonly WorkspaceMachines _machines = new(paths);
    private readonly WorkspaceSnapshots _snapshots = new(paths);

    /// <summary>Makes one and starts its machine.</summary>
    internal async Task<Workspace> CreateAsync(CreateWorkspaceRequest request, IProgress<RunPhase>? progress, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        // Looked at before anything is built or booted for it.
        PushSource? seed = request.SeedPath is null ? null : await PushSource.OpenAsync(request.SeedPath, cancellationToken).ConfigureAwait(false);
        await EnvironmentInstaller.EnsureAsync(request.Environment, paths, progress, start, cancellationToken).ConfigureAwait(false);
        using FileLock? names = request.Name is null ? null : await store.LockNamesAsync(cancellationToken).ConfigureAwait(false);
        store.RequireFreeName(request.Name);

        InstalledEnvironment environment = EnvironmentStore.OfUser(paths).Resolve(request.Environment);
        DateTimeOffset now = Now();
        var record = new WorkspaceRecord
        {
            WorkspaceId = NewId(),
            Name = request.Name,
            Labels = new SortedDictionary<string, string>(request.Labels.ToDictionary(), StringComparer.Ordinal),
            Environment = environment.Name,
            EnvironmentDigest = environment.Digest,
            VcpuCount = request.VcpuCount,
            MemMib = request.MemMib,
            WorkspaceSeed = seed is null
                ? new WorkspaceSeed("empty")
                : new WorkspaceSeed(seed.Origin == "archive" ? "archive" : "directory", Path.GetFullPath(request.SeedPath!), seed.Origin),
            MachineId = NewIdentity.MachineId(),
            CreatedAt = now,
            TtlSeconds = request.TtlSeconds,
            ExpiresAt = request.TtlSeconds is int ttl ? now.AddSeconds(ttl) : null,
            Layers = [],
        };

        Machine? machine = null;
        try
        {
            await InstallAsync(record, async folder =>
            {
                SparseCopy.Link(environment.RootDisk, folder.Image);
                (machine, record) = await FillAsync(folder, record, seed, progress, cancellationToken).ConfigureAwait(false);
                folder.Save(record);
            }, cancellationToken).ConfigureAwait(false);
            machine!.Release();
            machine = null;
        }
        finally
        {
            if (machine is not null)
                await machine.DisposeAsync().ConfigureAwait(false);
        }

        return WorkspaceStore.Describe(store.FolderOf(record.WorkspaceId), record);
    }

    /// <summary>Makes a workspace's folder; it has its place in the store when <paramref name="fill"/> is done.</summary>
    internal async Task InstallAsync(WorkspaceRecord record, Func<WorkspaceFolder, Task> fill, CancellationToken cancellationToken)
    {
        try
        {
            using FileLock held = await store.Folders.LockAsync(record.WorkspaceId, static () => { }, cancellationToken).ConfigureAwait(false);
            using var left = new LockOfNothing(store.FolderOf(record.WorkspaceId).Path, held.Path);
            await store.Folders.InstallAsync(record.WorkspaceId, async (_, whole) =>
            {
                var folder = new WorkspaceFolder(whole, record.WorkspaceId);
                PrivateFolder.CreateNew(folder.Layers);
                PrivateFolder.CreateNew(folder.Snapshots);
                PrivateFolder.CreateNew(folder.Logs);
                await fill(folder).ConfigureAwait(false);
            }).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw new PyroException(ErrorCodes.FolderFailed, $"the workspace's folder cannot be made: {e.Message}", $"Check that the disk of {paths.Workspaces} has room and can be written to.", e);
        }
    }

    internal static string NewId() => Guid.NewGuid().ToString("N")[..12];

    /// <summary>Whole milliseconds: what is written reads back the same.</summary>
    internal static DateTimeOffset Now() => DateTimeOffset.FromUnixTimeMilliseconds(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());

    private async Task<(Machine Machine, WorkspaceRecord Record)> FillAsync(WorkspaceFolder folder, WorkspaceRecord record, PushSource? seed, IProgress<RunPhase>? progress, CancellationToken cancellationToken)
    {
        (Machine started, record) = await _machines.StartFirstAsync(folder, record, progress, cancellationToken).ConfigureAwait(false);
        await using Machine first = started;
        // The warm snapshot has the folder already.
        if (first.StartMode != StartMode.Warm)
            await MakeTreeAsync(first, record, cancellationToken).ConfigureAwait(false);

        if (seed is not null)
            await new GuestFiles(_machines.VsockPath(record)).PushAsync(seed, Workspace.Path, cancellationToken).ConfigureAwait(false);

        // The baseline is a snapshot like any other, and the machine goes on from it: what a reset does later is done once now.
        record = await _snapshots.TakeAsync(folder, record, WorkspaceSnapshot.Baseline, cancellationToken).ConfigureAwait(false);
        await first.DisposeAsync().ConfigureAwait(false);
        await AliveLock.WaitUntilFreeAsync(folder.Alive, TimeSpan.FromSeconds(10), cancellationToken).ConfigureAwait(false);
        File.Delete(folder.LayerPath(record.Layers[^1]));
        record = record with { BaselineLayers = record.Layers.Count - 1 };
        Machine machine = await _machines.StartAsync(folder, record, folder.SnapshotPath(WorkspaceSnapshot.Baseline), progress, cancellationToken).ConfigureAwait(false);
        return (machine, record with { RuntimeId = machine.Id, ProcessId = machine.ProcessId });
    }

    private static async Task MakeTreeAsync(Machine machine, WorkspaceRecord record, CancellationToken cancellationToken)
    {
        var make = new RunRequest { Environment = record.Environment, Command = ["mkdir", "-p", Workspace.Path] };
        ExecResult made = await machine.ExecAsync(make, cancellationToken: cancellationToken).ConfigureAwait(false);
        if (made.ExitCode != 0)
            throw new PyroException(ErrorCodes.ExecFailed, $"{Workspace.Path} cannot be made in the guest: {made.Stderr.Trim()}", "Choose an environment with a shell's usual tools.");
    }

    /// <summary>A lock file beside no folder is of no use to anybody.</summary>
    private sealed class LockOfNothing(string folder, string lockFile) : IDisposable
    {
        public void Dispose()
        {
            if (!Directory.Exists(folder))
                File.Delete(lockFile);
        }
    }
}
