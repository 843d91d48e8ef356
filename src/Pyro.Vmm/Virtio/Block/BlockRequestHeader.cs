using System.Runtime.InteropServices;

namespace Pyro.Vmm.Virtio.Block;

/// <summary>How every request begins: the fixed part of <c>struct virtio_blk_req</c> (virtio 1.2, 5.2.6).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BlockRequestHeader
{
    internal const uint ByteLength = 16;

    internal uint Type;
    internal uint Reserved;
    internal ulong Sector;
}
