namespace Pyro.Workspaces.Patches;

/// <summary>One place of a file that changes.</summary>
/// <param name="Number">Which of the file's hunks it is, from 1.</param>
/// <param name="OldStart">The line of the old text that it begins at, as the header says (from 1, or the line before if it takes none); -1 if the header does not say.</param>
/// <param name="Lines">Its lines.</param>
internal sealed record Hunk(int Number, int OldStart, IReadOnlyList<HunkLine> Lines)
{
    /// <summary>Lines that have to be there.</summary>
    internal HunkLine[] Old { get; } = Array.FindAll([.. Lines], line => line.Kind != HunkLineKind.Added);

    internal bool TakesLines => Old.Length > 0;
}
