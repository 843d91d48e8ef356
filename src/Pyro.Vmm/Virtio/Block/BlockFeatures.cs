namespace Pyro.Vmm.Virtio.Block;

/// <summary>Feature bits of block devices (virtio 1.2, 5.2.3).</summary>
internal static class BlockFeatures
{
    internal const ulong VIRTIO_BLK_F_SIZE_MAX = 1UL << 1;
    internal const ulong VIRTIO_BLK_F_SEG_MAX = 1UL << 2;
    internal const ulong VIRTIO_BLK_F_RO = 1UL << 5;
    internal const ulong VIRTIO_BLK_F_BLK_SIZE = 1UL << 6;
    internal const ulong VIRTIO_BLK_F_FLUSH = 1UL << 9;
    internal const ulong VIRTIO_BLK_F_TOPOLOGY = 1UL << 10;
    internal const ulong VIRTIO_BLK_F_DISCARD = 1UL << 13;
    internal const ulong VIRTIO_BLK_F_WRITE_ZEROES = 1UL << 14;
}
