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
        return new WorkspaceCreation(Paths, Store).CreateAsync(request, progress, cancellationToken);
    }

    /// <summary>All workspaces of the user.</summary>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<WorkspaceList> ListWorkspacesAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(new WorkspaceList(Store.List()));
    }

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

    /// <summary>The commands that a workspace ran since its last reset, and what they printed.</summary>
    /// <param name="workspace">Which.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="PyroException">There is none.</exception>
    public Task<WorkspaceLogs> LogsWorkspaceAsync(string workspace, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(WorkspaceCommands.Logs(Store.Find(workspace)));
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

    private WorkspaceLifecycle Lifecycle => new(Paths, Store);
}
