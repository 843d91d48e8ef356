using Pyro.Vms;
using Pyro.Workspaces;
using Pyro.Workspaces.Engine;

namespace Pyro;

// Workspaces: persistent machines. Everywhere here, a workspace is named by its id, a unique beginning of it, or its name.
public sealed partial class PyroClient
{
    private WorkspaceStore Store => new(Paths);

    /// <summary>Makes a workspace and starts its machine.</summary>
    /// <param name="request">What it is to be.</param>
    /// <param name="progress">Told of each step, or null.</param>
    /// <param name="cancellationToken">Ends the call; nothing is left of it.</param>
    /// <exception cref="PyroException">It cannot be made.</exception>
    public Task<Workspace> CreateWorkspaceAsync(CreateWorkspaceRequest request, IProgress<RunPhase>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Validate();
        return CreateAsync();

        async Task<Workspace> CreateAsync()
        {
            await Lifecycle.ReapAsync(cancellationToken).ConfigureAwait(false);
            return await new WorkspaceCreation(Paths, Store).CreateAsync(request, progress, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>All workspaces of the user, but those whose time to live is over: they are deleted first.</summary>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task<WorkspaceList> ListWorkspacesAsync(CancellationToken cancellationToken = default)
    {
        await Lifecycle.ReapAsync(cancellationToken).ConfigureAwait(false);
        return new WorkspaceList(Store.List());
    }

    /// <summary>Deletes the workspaces and machines whose time to live is over. Their processes have ended by themselves at that time.</summary>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The ids of those that were deleted.</returns>
    public async Task<IReadOnlyList<string>> ReapExpiredAsync(CancellationToken cancellationToken = default) =>
        [.. await Lifecycle.ReapAsync(cancellationToken).ConfigureAwait(false), .. await new VirtualMachines(Paths).ReapAsync(cancellationToken).ConfigureAwait(false)];

    /// <summary>A workspace as it is now.</summary>
    /// <param name="workspace">Which.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="PyroException">There is none.</exception>
    public Task<Workspace> StatusWorkspaceAsync(string workspace, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        WorkspaceFolder folder = Store.Find(workspace);
        return Task.FromResult(WorkspaceStore.Describe(folder, folder.Load()));
    }

    /// <summary>Changes a workspace's name and labels.</summary>
    /// <param name="workspace">Which.</param>
    /// <param name="request">The changes.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="PyroException">There is none, or another one has the name.</exception>
    public Task<Workspace> UpdateWorkspaceAsync(string workspace, UpdateWorkspaceRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Validate();
        return Lifecycle.UpdateAsync(Store.Find(workspace), request, cancellationToken);
    }

    /// <summary>Starts a stopped workspace: its disk is as it was left. One that runs is left alone.</summary>
    /// <param name="workspace">Which.</param>
    /// <param name="progress">Told of each step, or null.</param>
    /// <param name="cancellationToken">Ends the call; the workspace is stopped then.</param>
    /// <exception cref="PyroException">There is none, or it cannot be started.</exception>
    public Task<Workspace> StartWorkspaceAsync(string workspace, IProgress<RunPhase>? progress = null, CancellationToken cancellationToken = default) =>
        Lifecycle.StartAsync(Store.Find(workspace), progress, cancellationToken);

    /// <summary>Stops a workspace: its guest ends its processes, writes everything to the disk and switches itself off.</summary>
    /// <param name="workspace">Which.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="PyroException">There is none, or it cannot be stopped.</exception>
    public Task<Workspace> StopWorkspaceAsync(string workspace, CancellationToken cancellationToken = default) =>
        Lifecycle.StopAsync(Store.Find(workspace), cancellationToken);

    /// <summary>Deletes a workspace with all that it has, running or not.</summary>
    /// <param name="workspace">Which.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="PyroException">There is none, or its machine does not end.</exception>
    public Task<DeletedWorkspace> DeleteWorkspaceAsync(string workspace, CancellationToken cancellationToken = default) =>
        Lifecycle.DeleteAsync(Store.Find(workspace), cancellationToken);

    /// <summary>Runs one command in a running workspace to its end.</summary>
    /// <param name="workspace">Which.</param>
    /// <param name="request">The command.</param>
    /// <param name="streams">Where its input comes from and its output goes to; null for no input and collected output. They stay the caller's.</param>
    /// <param name="cancellationToken">Kills the command and all that it started; the workspace goes on.</param>
    /// <exception cref="PyroException">Pyro could not run it. A command that ran and failed is a result, not an exception.</exception>
    public Task<WorkspaceExecResult> ExecWorkspaceAsync(string workspace, WorkspaceExecRequest request, RunStreams? streams = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return new WorkspaceCommands(Paths).ExecAsync(Store.Find(workspace), request, streams ?? new RunStreams(), cancellationToken);
    }

    /// <summary>The commands that a workspace ran since its last reset, and the end of what they printed.</summary>
    /// <param name="workspace">Which.</param>
    /// <param name="last">The most commands, the newest ones.</param>
    /// <param name="maxOutputBytes">The most bytes of each output stream; the files in the workspace's folder have all of it.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="PyroException">There is none.</exception>
    public Task<WorkspaceLogs> LogsWorkspaceAsync(string workspace, int last = int.MaxValue, int maxOutputBytes = 256 * 1024, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(last);
        ArgumentOutOfRangeException.ThrowIfNegative(maxOutputBytes);
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(WorkspaceCommands.Logs(Store.Find(workspace), last, maxOutputBytes));
    }

    /// <summary>Saves a workspace's state: its whole disk and, if it runs, its memory.</summary>
    /// <param name="workspace">Which.</param>
    /// <param name="snapshotName">What the snapshot is to be called.</param>
    /// <param name="cancellationToken">Ends the call, before the snapshot is begun.</param>
    /// <exception cref="PyroException">There is no such workspace, the name is taken, or the disk is full.</exception>
    public Task<WorkspaceSnapshot> CreateSnapshotAsync(string workspace, string snapshotName, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(snapshotName);
        WorkspaceNames.RequireSnapshot(snapshotName);
        return Lifecycle.TakeSnapshotAsync(Store.Find(workspace), snapshotName, cancellationToken);
    }

    /// <summary>A workspace's snapshots, the baseline first.</summary>
    /// <param name="workspace">Which.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="PyroException">There is no such workspace, or a snapshot is damaged.</exception>
    public Task<WorkspaceSnapshotList> ListSnapshotsAsync(string workspace, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        WorkspaceFolder folder = Store.Find(workspace);
        return Task.FromResult(new WorkspaceSnapshotList(folder.Id, [.. WorkspaceSnapshots.All(folder).Select(s => WorkspaceSnapshots.Describe(folder, s))]));
    }

    /// <summary>Deletes a snapshot. The baseline stays.</summary>
    /// <param name="workspace">Which workspace.</param>
    /// <param name="snapshotName">Its name.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="PyroException">There is none, or it is the baseline.</exception>
    public Task<DeletedSnapshot> DeleteSnapshotAsync(string workspace, string snapshotName, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(snapshotName);
        return Lifecycle.DeleteSnapshotAsync(Store.Find(workspace), snapshotName, cancellationToken);
    }

    /// <summary>
    /// Puts the whole machine back to a snapshot, with memory and processes where the snapshot has them. Id, name, labels and
    /// snapshots stay; the history begins anew. The workspace runs afterwards.
    /// </summary>
    /// <param name="workspace">Which.</param>
    /// <param name="snapshotName">The snapshot; <see cref="WorkspaceSnapshot.Baseline"/> for how it was made.</param>
    /// <param name="progress">Told of each step, or null.</param>
    /// <param name="cancellationToken">Ends the call; the workspace may be stopped then.</param>
    /// <exception cref="PyroException">There is no such workspace or snapshot, or the machine does not come up.</exception>
    public Task<Workspace> ResetWorkspaceAsync(string workspace, string snapshotName = WorkspaceSnapshot.Baseline, IProgress<RunPhase>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(snapshotName);
        return Lifecycle.ResetAsync(Store.Find(workspace), snapshotName, progress, cancellationToken);
    }

    /// <summary>Makes running copies of a running workspace, with its disk, memory and processes. Their baseline is this moment.</summary>
    /// <param name="workspace">Which.</param>
    /// <param name="request">How many, and what they are called.</param>
    /// <param name="progress">Told of each step, or null.</param>
    /// <param name="cancellationToken">Ends the call; no copy is left.</param>
    /// <returns>The copies. Each has a machine id, a host name and random numbers of its own.</returns>
    /// <exception cref="PyroException">There is no such workspace, it does not run, or a copy does not come up; then none is left.</exception>
    public Task<WorkspaceForkList> ForkWorkspaceAsync(string workspace, ForkWorkspaceRequest? request = null, IProgress<RunPhase>? progress = null, CancellationToken cancellationToken = default)
    {
        request ??= new ForkWorkspaceRequest();
        request.Validate();
        WorkspaceStore store = Store;
        return new WorkspaceForks(Paths, store).ForkAsync(store.Find(workspace), request, progress, cancellationToken);
    }

    /// <summary>Brings a folder, a Git checkout or a tar archive into a running workspace: all of it or nothing. What it does not have stays.</summary>
    /// <param name="workspace">Which.</param>
    /// <param name="sourcePath">A folder or a .tar, .tar.gz or .tgz on the host. Of a Git checkout: what is tracked, and what is neither tracked nor ignored.</param>
    /// <param name="dest">A folder below <c>/workspace</c>, made if it is not there.</param>
    /// <param name="cancellationToken">Ends the call; nothing was changed then.</param>
    /// <exception cref="PyroException">The source holds what is refused, or the workspace cannot take it; nothing was changed.</exception>
    public Task<WorkspaceSync> PushWorkspaceSyncAsync(string workspace, string sourcePath, string dest = Workspace.Path, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(sourcePath);
        return Files.PushAsync(Store.Find(workspace), sourcePath, dest, cancellationToken);
    }

    /// <summary>Copies a file or folder out of a running workspace, links as links: whole or not at all.</summary>
    /// <param name="workspace">Which.</param>
    /// <param name="path">Below <c>/workspace</c>.</param>
    /// <param name="outputPath">What it is to be called on the host.</param>
    /// <param name="overwrite">Put it in the place of what is there.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="PyroException">It cannot be read or written; nothing was.</exception>
    public Task<WorkspaceExport> ExportWorkspaceAsync(string workspace, string path, string outputPath, bool overwrite = false, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputPath);
        return Files.ExportAsync(Store.Find(workspace), path, outputPath, overwrite, cancellationToken);
    }

    /// <summary>What differs between <c>/workspace</c> in a running workspace and its baseline.</summary>
    /// <param name="workspace">Which.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="PyroException">There is none, it does not run, or its disk cannot be compared.</exception>
    public Task<WorkspaceDiff> DiffWorkspaceAsync(string workspace, CancellationToken cancellationToken = default) =>
        Files.DiffAsync(Store.Find(workspace), cancellationToken);

    /// <summary>Lists a folder of a running workspace, or tells of one file.</summary>
    /// <param name="workspace">Which.</param>
    /// <param name="path">Below <c>/workspace</c>.</param>
    /// <param name="recursive">Folders in it too.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="PyroException">There is nothing of this name, or it leads out of the workspace.</exception>
    public Task<WorkspaceFileList> ListWorkspaceFilesAsync(string workspace, string path = Workspace.Path, bool recursive = false, CancellationToken cancellationToken = default) =>
        Files.ListAsync(Store.Find(workspace), path, recursive, cancellationToken);

    /// <summary>Reads a text file of a running workspace.</summary>
    /// <param name="workspace">Which.</param>
    /// <param name="path">Below <c>/workspace</c>.</param>
    /// <param name="maxBytes">The most bytes to read.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="PyroException">It cannot be read, or is not UTF-8 text.</exception>
    public Task<WorkspaceFileContent> ReadWorkspaceFileAsync(string workspace, string path, int maxBytes = 65536, CancellationToken cancellationToken = default) =>
        Files.ReadAsync(Store.Find(workspace), path, maxBytes, cancellationToken);

    /// <summary>Writes a text file of a running workspace, whole: its parents are made, and the mode of what was there is kept.</summary>
    /// <param name="workspace">Which.</param>
    /// <param name="path">Below <c>/workspace</c>.</param>
    /// <param name="text">Its content.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="PyroException">It cannot be written; nothing was changed.</exception>
    public Task<WorkspaceFileWritten> WriteWorkspaceFileAsync(string workspace, string path, string text, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Files.WriteAsync(Store.Find(workspace), path, text, cancellationToken);
    }

    /// <summary>Applies a unified diff to the files of a running workspace: all of it, or nothing.</summary>
    /// <param name="workspace">Which.</param>
    /// <param name="patch">The diff, as <c>git diff</c> or <c>diff -u</c> write it.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="PyroException">It is no patch, or does not fit; the message names file, hunk and reason, and nothing was changed.</exception>
    public Task<WorkspacePatchApplied> ApplyWorkspacePatchAsync(string workspace, string patch, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(patch);
        return Files.PatchAsync(Store.Find(workspace), patch, cancellationToken);
    }

    private WorkspaceFileWork Files => new(Paths);

    private WorkspaceLifecycle Lifecycle => new(Paths, Store);
}
