using Microsoft.Win32.SafeHandles;
using Pyro.Files;
using Pyro.Protocol;
using Pyro.Trees;
using Pyro.Trees.Ext4;
using Pyro.Vmm.Disks;
using Pyro.Workspaces.Disks;
using Pyro.Workspaces.Files;

namespace Pyro.Workspaces.Engine;

/// <summary>
/// Disks of stopped workspaces: copied out, looked into without a boot. The workspace's lock is held meanwhile, so that nobody
/// starts it.
/// </summary>
internal sealed class WorkspaceDiskWork(WorkspaceStore store)
{
    internal Task<WorkspaceFileList> ListAsync(WorkspaceFolder folder, string path, bool recursive, CancellationToken cancellationToken)
    {
        string whole = DiskPath(path);
        return OnDiskAsync(folder, disk =>
        {
            using var volume = new Ext4Volume(new DiskDevice(disk), mounted: false);
            List<WorkspaceFileEntry> entries = new DiskTree(volume, cancellationToken).List(whole, recursive, WorkspaceFileWork.MostListed, out bool truncated);
            return new WorkspaceFileList(folder.Id, whole, entries, truncated);
        }, cancellationToken);
    }

    internal Task<WorkspaceFileContent> ReadAsync(WorkspaceFolder folder, string path, int maxBytes, CancellationToken cancellationToken)
    {
        WorkspaceFileWork.RequireMaxBytes(maxBytes);
        string whole = DiskPath(path);
        return OnDiskAsync(folder, disk =>
        {
            using var volume = new Ext4Volume(new DiskDevice(disk), mounted: false);
            Ext4Inode file = new DiskTree(volume, cancellationToken).Find(whole);
            if (file.Kind != FileKind.File)
                throw file.Kind == FileKind.Directory ? TreeException.FromErrno(Errno.EISDIR, whole) : new TreeException(ToolFailure.NotRegular, whole, "is not a regular file");
            var bytes = new byte[(int)Math.Min(file.Size, (ulong)maxBytes)];
            volume.Read(file, 0, bytes);
            var content = new FileContent(whole, bytes, new FileVersion(file.Number, file.Size, 0), file.Mode, 0);
            return new WorkspaceFileContent(folder.Id, whole, file.Size, content.Text, content.Truncated);
        }, cancellationToken);
    }

    internal Task<WorkspaceDiskExport> ExportAsync(WorkspaceFolder folder, string output, bool overwrite, CancellationToken cancellationToken)
    {
        string full = Path.GetFullPath(output);
        // A folder is nothing that an image takes the place of, and what is in it would be lost.
        if (Directory.Exists(full))
            throw new PyroException(ErrorCodes.ExportRefused, $"{full} is a folder", "Name a file.");
        return OnDiskAsync(folder, disk =>
        {
            using ExportTarget target = ExportTarget.Create(full, overwrite);
            string fileSystem = Check(disk, cancellationToken);
            long written;
            using (SafeFileHandle image = target.CreateFile())
                written = Copy(disk, image, full, cancellationToken);
            target.Commit();
            new History(folder).Add(new HistoryEntry { Kind = History.DiskExport, At = WorkspaceCreation.Now(), Target = full });
            return new WorkspaceDiskExport(folder.Id, full, "ext4", (long)disk.Length, written, fileSystem);
        }, cancellationToken);
    }

    /// <summary>A path from the root of the disk; a relative one is below <c>/workspace</c>, as everywhere.</summary>
    /// <exception cref="PyroException">It leads above what it begins in.</exception>
    internal static string DiskPath(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!path.StartsWith('/'))
            return WorkspacePath.Absolute(WorkspacePath.Relative(path));
        string[] parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (Array.IndexOf(parts, "..") >= 0 || path.Contains('\0'))
            throw new PyroException(ErrorCodes.InvalidArgument, $"{WorkspacePath.Shown(path)} is no path from the root of the disk", "Write it without '..'.");
        return "/" + string.Join('/', Array.FindAll(parts, static part => part != "."));
    }

    private static string Check(OverlayDisk disk, CancellationToken cancellationToken)
    {
        try
        {
            using var volume = new Ext4Volume(new DiskDevice(disk), mounted: false);
            // They are in memory while a machine runs. Something in the guest has put these here.
            if (new DiskTree(volume, cancellationToken).HasRuntimePaths)
                throw new PyroException(ErrorCodes.ExportRefused, "the disk holds files below /run that belong to a running machine only", "Start the workspace, remove /run/pyro-* from its disk, stop it.");
            return volume.NeedsRecovery ? WorkspaceDiskExport.NeedsRecovery : WorkspaceDiskExport.Clean;
        }
        catch (Ext4Exception)
        {
            // Just then somebody may want to have it.
            return WorkspaceDiskExport.Unreadable;
        }
    }

    private static long Copy(OverlayDisk disk, SafeFileHandle image, string output, CancellationToken cancellationToken)
    {
        try
        {
            return DiskCopy.Copy(disk, image, cancellationToken);
        }
        catch (IOException e)
        {
            throw new PyroException(ErrorCodes.ExportRefused, $"{output} cannot be written: {e.Message}", "Check that its disk has room.", e);
        }
    }

    private async Task<T> OnDiskAsync<T>(WorkspaceFolder folder, Func<OverlayDisk, T> work, CancellationToken cancellationToken)
        where T : class
    {
        using FileLock held = await store.LockAsync(folder, cancellationToken).ConfigureAwait(false);
        WorkspaceRecord record = folder.Load();
        if (AliveLock.IsHeld(folder.Alive))
            throw new PyroException(ErrorCodes.WorkspaceRunning, $"the workspace {folder.Id} runs, and its disk changes", $"Stop it first: pyro workspace stop {folder.Id}");
        return await Task.Run(() =>
        {
            try
            {
                using OverlayDisk disk = WorkspaceDisk.OpenStopped(folder, record.Layers);
                return work(disk);
            }
            catch (Ext4Exception e)
            {
                throw Unreadable(folder, e, $"Start it, and its kernel may repair that: pyro workspace start {folder.Id}. Or export the disk and run e2fsck on the image.");
            }
            catch (Exception e) when (e is DiskException or IOException)
            {
                throw Unreadable(folder, e, "Reset it to a snapshot, or delete it.");
            }
            catch (TreeException e)
            {
                throw FileFailure.From(e, ErrorCodes.FileFailed);
            }
        }, cancellationToken).ConfigureAwait(false);
    }

    private static PyroException Unreadable(WorkspaceFolder folder, Exception why, string hint) =>
        new(ErrorCodes.WorkspaceDamaged, $"the disk of workspace {folder.Id} cannot be read: {WorkspacePath.Shown(why.Message)}", hint, why);
}
