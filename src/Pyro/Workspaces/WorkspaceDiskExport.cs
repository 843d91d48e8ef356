namespace Pyro.Workspaces;

/// <summary>A workspace's disk that was copied out.</summary>
/// <param name="WorkspaceId">The workspace.</param>
/// <param name="OutputPath">The image on the host.</param>
/// <param name="DiskFormat"><c>ext4</c>: a raw image of that file system, without a partition table.</param>
/// <param name="Size">Bytes of the disk.</param>
/// <param name="BytesWritten">Bytes that the image takes: the rest is holes.</param>
/// <param name="FileSystem">
/// <c>clean</c>; <c>needs_recovery</c>: its machine was killed, and a mount or <c>e2fsck -p</c> brings in what the journal holds;
/// <c>unreadable</c>: it is damaged, or the guest gave it features that Pyro does not know.
/// </param>
public sealed record WorkspaceDiskExport(string WorkspaceId, string OutputPath, string DiskFormat, long Size, long BytesWritten, string FileSystem)
{
    /// <summary><see cref="FileSystem"/>: everything is in its place.</summary>
    public const string Clean = "clean";

    /// <summary><see cref="FileSystem"/>: the journal has what the rest does not have yet.</summary>
    public const string NeedsRecovery = "needs_recovery";

    /// <summary><see cref="FileSystem"/>: Pyro cannot read it.</summary>
    public const string Unreadable = "unreadable";
}
