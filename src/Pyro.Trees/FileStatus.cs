using Pyro.Protocol;

namespace Pyro.Trees;

/// <summary>What the kernel tells of a file.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Mode">Its permission bits (07777).</param>
/// <param name="User">Its owner.</param>
/// <param name="Group">Its group.</param>
/// <param name="Links">How many names it has.</param>
/// <param name="Version">Inode, size and ctime.</param>
/// <param name="ModifiedNanoseconds">Its mtime, in nanoseconds since 1970.</param>
/// <param name="Device">Its file system.</param>
public readonly record struct FileStatus(
    FileKind Kind,
    ushort Mode,
    uint User,
    uint Group,
    uint Links,
    FileVersion Version,
    long ModifiedNanoseconds,
    ulong Device)
{
    /// <summary>Its size in bytes.</summary>
    public ulong Size => Version.Size;

    /// <summary>Its inode number.</summary>
    public ulong Inode => Version.Inode;
}
