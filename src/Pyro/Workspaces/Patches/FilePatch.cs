namespace Pyro.Workspaces.Patches;

/// <summary>What a patch does to one file.</summary>
/// <param name="Action">What is done.</param>
/// <param name="OldPath">The file that is read; for a new file, its path.</param>
/// <param name="NewPath">The file that is written; for a deleted file, its path.</param>
/// <param name="OldMode">st_mode as the patch tells it, or null.</param>
/// <param name="NewMode">The same of what is written.</param>
/// <param name="Hunks">Its hunks.</param>
internal sealed record FilePatch(PatchAction Action, string OldPath, string NewPath, int? OldMode, int? NewMode, IReadOnlyList<Hunk> Hunks);

/// <summary>What a patch does to a file as a whole.</summary>
internal enum PatchAction
{
    Modify,
    Create,
    Delete,
    Rename,
    Copy,
}
