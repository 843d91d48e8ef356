using Pyro.Protocol;

namespace Pyro.Agent.Tools.Changes;

/// <summary>A name in the tree as it was.</summary>
/// <param name="Path">Below the tree's root, without NUL.</param>
/// <param name="Inode">Its inode.</param>
/// <param name="Kind">What it was.</param>
internal sealed record OldEntry(byte[] Path, ulong Inode, FileKind Kind)
{
    public ReadOnlySpan<byte> Name => Path.AsSpan(Path.AsSpan().LastIndexOf((byte)'/') + 1);
}
