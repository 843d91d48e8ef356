using Pyro.Protocol;

namespace Pyro.Trees.Ext4;

/// <summary>A name in a directory.</summary>
/// <param name="Name">Its bytes, without NUL.</param>
/// <param name="Inode">What it names.</param>
/// <param name="Kind">What that is, as the directory says.</param>
public readonly record struct Ext4Name(byte[] Name, uint Inode, FileKind Kind);
