using Pyro.Workspaces.Patches;

namespace Pyro.Workspaces.Diffs;

/// <summary>A change of one path, as the guest told it and as it goes into the result.</summary>
/// <param name="Path">Below the workspace; quoted if it is not UTF-8.</param>
/// <param name="IsNamed">Whether the path is the file's name indeed.</param>
/// <param name="OldPath">Where it was before, or null.</param>
/// <param name="Old">What it was, or null.</param>
/// <param name="New">What it is, or null.</param>
internal sealed record PathChange(string Path, bool IsNamed, string? OldPath, FileState? Old, FileState? New)
{
    /// <summary>A file that came from elsewhere as it was; its content was not told.</summary>
    internal bool IsMoved => OldPath is not null && Old!.Content is null;

    internal DiffStatus Status =>
        OldPath is not null ? DiffStatus.Renamed :
        Old is null ? DiffStatus.Added :
        New is null ? DiffStatus.Deleted :
        Old.Kind != New.Kind ? DiffStatus.TypeChanged : DiffStatus.Modified;

    /// <summary>Why a patch cannot tell it, or null.</summary>
    internal DiffReason? WhyNot()
    {
        if (!IsNamed)
            return DiffReason.Name;
        FileState[] sides = [.. ((FileState?[])[Old, New]).OfType<FileState>()];
        if (sides.Any(side => side.Kind == EntryKind.Special))
            return DiffReason.Special;
        if (sides.Any(side => side.Kind == EntryKind.Directory))
            return DiffReason.Directory;
        if (IsMoved)
            return null;
        if (sides.Any(side => side.Content is null))
            return DiffReason.TooLarge;
        bool sameContent = sides.Length == 2 && sides[0].Kind == sides[1].Kind && sides[0].Content!.Value.Span.SequenceEqual(sides[1].Content!.Value.Span);
        return sameContent || sides.All(side => side.IsText) ? null : DiffReason.Binary;
    }

    internal DiffEntry ToEntry(bool patched, DiffReason? reason)
        => new(Path, Status, OldPath, New?.Kind, Old?.Kind, Octal(New), Octal(Old), New?.Size, Old?.Size, patched, reason);

    private static string? Octal(FileState? state) => state is null ? null : Convert.ToString(state.Mode, 8).PadLeft(4, '0');
}
