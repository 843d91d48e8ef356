using Pyro.Workspaces;
using Pyro.Workspaces.Engine;

namespace Pyro;

// Workspaces in retrospect: the disks of those that are stopped, and what was done with one.
public sealed partial class PyroClient
{
    /// <summary>Copies the disk of a stopped workspace to a raw ext4 image: whole or not at all, sparse, its owner's alone.</summary>
    /// <param name="workspace">Which.</param>
    /// <param name="outputPath">What the image is to be called on the host.</param>
    /// <param name="overwrite">Put it in the place of a file that is there.</param>
    /// <param name="cancellationToken">Ends the call; nothing is left of it.</param>
    /// <exception cref="PyroException">The workspace runs (<see cref="ErrorCodes.WorkspaceRunning"/>), or the image cannot be written.</exception>
    public Task<WorkspaceDiskExport> ExportWorkspaceDiskAsync(string workspace, string outputPath, bool overwrite = false, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputPath);
        return Disks(workspace, out WorkspaceFolder folder).ExportAsync(folder, outputPath, overwrite, cancellationToken);
    }

    /// <summary>
    /// Lists a folder on the disk of a stopped workspace, or tells of one file. After a machine that was killed it is as a
    /// mount would show it: with what the journal holds.
    /// </summary>
    /// <param name="workspace">Which.</param>
    /// <param name="path">A path from the root of the disk; a relative one is below <c>/workspace</c>.</param>
    /// <param name="recursive">Folders in it too.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="PyroException">The workspace runs (<see cref="ErrorCodes.WorkspaceRunning"/>), or there is nothing of this name.</exception>
    public Task<WorkspaceFileList> ListWorkspaceDiskAsync(string workspace, string path = Workspace.Path, bool recursive = false, CancellationToken cancellationToken = default) =>
        Disks(workspace, out WorkspaceFolder folder).ListAsync(folder, path, recursive, cancellationToken);

    /// <summary>Reads a text file on the disk of a stopped workspace, links followed.</summary>
    /// <param name="workspace">Which.</param>
    /// <param name="path">A path from the root of the disk; a relative one is below <c>/workspace</c>.</param>
    /// <param name="maxBytes">The most bytes to read.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="PyroException">The workspace runs (<see cref="ErrorCodes.WorkspaceRunning"/>), or it is no UTF-8 text.</exception>
    public Task<WorkspaceFileContent> ReadWorkspaceDiskAsync(string workspace, string path, int maxBytes = 65536, CancellationToken cancellationToken = default) =>
        Disks(workspace, out WorkspaceFolder folder).ReadAsync(folder, path, maxBytes, cancellationToken);

    /// <summary>What was done with a workspace since its last reset, and what differs from its baseline, short enough for a chat.</summary>
    /// <param name="workspace">Which.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="PyroException">There is none.</exception>
    public Task<WorkspaceSummary> SummarizeWorkspaceAsync(string workspace, CancellationToken cancellationToken = default) =>
        new WorkspaceSummaries(Paths).SummarizeAsync(Store.Find(workspace), cancellationToken);

    private WorkspaceDiskWork Disks(string workspace, out WorkspaceFolder folder)
    {
        WorkspaceStore store = Store;
        folder = store.Find(workspace);
        return new WorkspaceDiskWork(store);
    }
}
