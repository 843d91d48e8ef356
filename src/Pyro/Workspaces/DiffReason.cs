namespace Pyro.Workspaces;

/// <summary>Why a change is told by its entry alone, and is not in the patch.</summary>
public enum DiffReason
{
    /// <summary>It is not text: UTF-8 without NUL.</summary>
    Binary,

    /// <summary>It is larger than files that are told in patches, or all changed files together are.</summary>
    TooLarge,

    /// <summary>The patch would have become larger than its limit.</summary>
    PatchLimit,

    /// <summary>Patches tell nothing of folders.</summary>
    Directory,

    /// <summary>It is a pipe, a socket or a device.</summary>
    Special,

    /// <summary>Its name is not UTF-8; the entry has it quoted, with octal numbers.</summary>
    Name,
}
