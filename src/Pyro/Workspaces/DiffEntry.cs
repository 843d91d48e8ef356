namespace Pyro.Workspaces;

/// <summary>A path that differs from the baseline.</summary>
/// <param name="Path">The path below <c>/workspace</c>.</param>
/// <param name="Status">What became of it.</param>
/// <param name="OldPath">Where a renamed file was, else null.</param>
/// <param name="Type">What it is, or null if it is gone.</param>
/// <param name="OldType">What it was, or null if it was not there.</param>
/// <param name="Mode">Its permissions in octal, as <c>0644</c>.</param>
/// <param name="OldMode">What they were.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="OldSize">What that was.</param>
/// <param name="Patched">Whether the patch tells the change.</param>
/// <param name="Reason">Why it does not, else null.</param>
public sealed record DiffEntry(
    string Path,
    DiffStatus Status,
    string? OldPath,
    EntryKind? Type,
    EntryKind? OldType,
    string? Mode,
    string? OldMode,
    long? Size,
    long? OldSize,
    bool Patched,
    DiffReason? Reason);
