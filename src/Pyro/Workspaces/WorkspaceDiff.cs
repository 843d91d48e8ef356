namespace Pyro.Workspaces;

/// <summary>What differs between a workspace and its baseline.</summary>
/// <param name="WorkspaceId">The workspace.</param>
/// <param name="Changed">Whether anything does.</param>
/// <param name="Summary">How much.</param>
/// <param name="Entries">What, in the order of paths (by code points).</param>
/// <param name="Patch">A patch for <c>git apply</c> and <c>patch -p1</c> with all that is text; empty if there is none.</param>
/// <param name="Truncated">There are more changes than entries: only the first ones found were told.</param>
public sealed record WorkspaceDiff(string WorkspaceId, bool Changed, DiffSummary Summary, IReadOnlyList<DiffEntry> Entries, string Patch, bool Truncated);
