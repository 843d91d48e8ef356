namespace Pyro.Workspaces.Patches;

/// <summary>One change of the tree that a patch comes to.</summary>
/// <param name="Path">What it is about, relative to the workspace.</param>
internal abstract record PatchEdit(string Path)
{
    /// <summary>The file or link goes.</summary>
    internal sealed record Delete(string Path) : PatchEdit(Path);

    /// <summary>The file takes another name, with all it is.</summary>
    internal sealed record Rename(string Path, string To) : PatchEdit(Path);

    /// <summary>The file or link is made, or made anew; folders above it too.</summary>
    internal sealed record Write(string Path, FileState State) : PatchEdit(Path);

    /// <summary>The file's permissions change.</summary>
    internal sealed record SetMode(string Path, int Mode) : PatchEdit(Path);
}
