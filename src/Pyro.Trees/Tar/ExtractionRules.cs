namespace Pyro.Trees.Tar;

/// <summary>What an extraction keeps of what an archive says.</summary>
public sealed record ExtractionRules
{
    /// <summary>Permission bits that are kept.</summary>
    public ushort ModeMask { get; init; } = 0xfff;

    /// <summary>The process's umask is 0, so that files get their mode when they are made.</summary>
    public bool NoUmask { get; init; }

    /// <summary>Symbolic links that lead out of the tree are refused; else they are made as they are.</summary>
    public bool RefuseOutsideLinks { get; init; } = true;
}
