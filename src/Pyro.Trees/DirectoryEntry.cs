using Pyro.Protocol;

namespace Pyro.Trees;

/// <summary>A name in a directory.</summary>
/// <param name="NameZ">Its bytes and a NUL.</param>
/// <param name="Kind">What it was when it was read; unknown where the file system does not say.</param>
public readonly record struct DirectoryEntry(byte[] NameZ, FileKind Kind)
{
    /// <summary>Its inode; of a mount point, the one that is covered.</summary>
    public ulong Inode { get; init; }
}
