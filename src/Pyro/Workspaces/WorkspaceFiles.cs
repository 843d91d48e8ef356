namespace Pyro.Workspaces;

/// <summary>What is in a folder of a workspace.</summary>
/// <param name="WorkspaceId">The workspace.</param>
/// <param name="Path">The folder, as <c>/workspace/src</c>.</param>
/// <param name="Entries">In the order of their paths' bytes, a folder before what is in it.</param>
/// <param name="Truncated">Whether there are more.</param>
public sealed record WorkspaceFileList(string WorkspaceId, string Path, IReadOnlyList<WorkspaceFileEntry> Entries, bool Truncated);

/// <summary>One entry of a folder.</summary>
/// <param name="Path">Its whole path.</param>
/// <param name="Type">What it is.</param>
/// <param name="Mode">Permissions in octal, as <c>0644</c>.</param>
/// <param name="Size">Bytes.</param>
/// <param name="ModifiedAt">When it was last written to.</param>
/// <param name="LinkTarget">Where a symbolic link leads, or null.</param>
public sealed record WorkspaceFileEntry(string Path, EntryKind Type, string Mode, ulong Size, DateTimeOffset ModifiedAt, string? LinkTarget);

/// <summary>A text file of a workspace, or the beginning of it.</summary>
/// <param name="WorkspaceId">The workspace.</param>
/// <param name="Path">Its whole path.</param>
/// <param name="Size">Bytes of the whole file.</param>
/// <param name="Content">Its text.</param>
/// <param name="Truncated">Whether there is more of it.</param>
public sealed record WorkspaceFileContent(string WorkspaceId, string Path, ulong Size, string Content, bool Truncated);

/// <summary>A file that was written.</summary>
/// <param name="WorkspaceId">The workspace.</param>
/// <param name="Path">Its whole path.</param>
/// <param name="BytesWritten">Bytes of its content.</param>
public sealed record WorkspaceFileWritten(string WorkspaceId, string Path, long BytesWritten);

/// <summary>What was brought into a workspace.</summary>
/// <param name="WorkspaceId">The workspace.</param>
/// <param name="SourcePath">The folder or archive on the host.</param>
/// <param name="Dest">Where it went.</param>
/// <param name="Mode"><c>git</c>, <c>directory</c> or <c>archive</c>.</param>
/// <param name="Entries">Files, links and folders.</param>
/// <param name="Bytes">Bytes of their content.</param>
public sealed record WorkspaceSync(string WorkspaceId, string SourcePath, string Dest, string Mode, ulong Entries, ulong Bytes);

/// <summary>What was copied out of a workspace.</summary>
/// <param name="WorkspaceId">The workspace.</param>
/// <param name="Path">Its path there.</param>
/// <param name="OutputPath">Its path on the host.</param>
/// <param name="Type"><c>file</c> or <c>directory</c>.</param>
/// <param name="Entries">Files, links and folders.</param>
/// <param name="Bytes">Bytes of their content.</param>
public sealed record WorkspaceExport(string WorkspaceId, string Path, string OutputPath, string Type, ulong Entries, ulong Bytes);

/// <summary>What a patch changed.</summary>
/// <param name="WorkspaceId">The workspace.</param>
/// <param name="Changed">The paths, in the order in which they were changed.</param>
public sealed record WorkspacePatchApplied(string WorkspaceId, IReadOnlyList<PatchedPath> Changed);

/// <summary>A path that a patch changed.</summary>
/// <param name="Path">Relative to <c>/workspace</c>.</param>
/// <param name="Status">What became of it.</param>
/// <param name="OldPath">What it was called before, or null.</param>
public sealed record PatchedPath(string Path, DiffStatus Status, string? OldPath = null);
