namespace Pyro.Workspaces.Patches;

/// <summary>A line of a hunk.</summary>
/// <param name="Kind">Whether it stays, goes or comes.</param>
/// <param name="Text">The line with its end, or without one where the hunk says that there is no newline.</param>
internal readonly record struct HunkLine(HunkLineKind Kind, ReadOnlyMemory<byte> Text);

/// <summary>What happens to a line.</summary>
internal enum HunkLineKind : byte
{
    Context,
    Removed,
    Added,
}
