using System.Runtime.InteropServices;

namespace Pyro.Vmm.Virtio.Block;

/// <summary><c>struct virtio_blk_discard_write_zeroes</c> (virtio 1.2, 5.2.6).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BlockRange
{
    internal const uint ByteLength = 16;

    /// <summary>Zeroed sectors may be given back to the host.</summary>
    internal const uint UnmapFlag = 1;

    internal ulong Sector;
    internal uint SectorCount;
    internal uint Flags;
}
