namespace Pyro.Workspaces.Patches;

/// <summary>Why one file of a patch cannot be patched.</summary>
/// <param name="Path">The file, as the patch names it.</param>
/// <param name="Hunk">Its hunk, from 1; 0 if it is not about one.</param>
/// <param name="Reason">What is wrong, with what was expected and found.</param>
internal sealed record PatchRejection(string Path, int Hunk, string Reason)
{
    /// <inheritdoc/>
    public override string ToString() => Hunk == 0 ? $"{Excerpt.Of(Path)}: {Reason}" : $"{Excerpt.Of(Path)}, hunk {Hunk}: {Reason}";
}
