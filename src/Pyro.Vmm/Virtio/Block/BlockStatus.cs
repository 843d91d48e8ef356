namespace Pyro.Vmm.Virtio.Block;

/// <summary>The last byte of every block request (virtio 1.2, 5.2.6).</summary>
internal static class BlockStatus
{
    internal const byte VIRTIO_BLK_S_OK = 0;
    internal const byte VIRTIO_BLK_S_IOERR = 1;
    internal const byte VIRTIO_BLK_S_UNSUPP = 2;
}
