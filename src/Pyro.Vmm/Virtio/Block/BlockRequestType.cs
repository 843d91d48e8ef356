namespace Pyro.Vmm.Virtio.Block;

/// <summary>What a driver asks of a block device (virtio 1.2, 5.2.6).</summary>
internal static class BlockRequestType
{
    internal const uint VIRTIO_BLK_T_IN = 0;
    internal const uint VIRTIO_BLK_T_OUT = 1;
    internal const uint VIRTIO_BLK_T_FLUSH = 4;
    internal const uint VIRTIO_BLK_T_GET_ID = 8;
    internal const uint VIRTIO_BLK_T_DISCARD = 11;
    internal const uint VIRTIO_BLK_T_WRITE_ZEROES = 13;
}
