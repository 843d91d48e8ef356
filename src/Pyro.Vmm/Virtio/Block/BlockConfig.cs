using Pyro.Kvm.Native;

namespace Pyro.Vmm.Virtio.Block;

/// <summary>Device configuration: <c>struct virtio_blk_config</c> (virtio 1.2, 5.2.4).</summary>
internal static class BlockConfig
{
    /// <summary>Entries of the one queue.</summary>
    internal const ushort QueueSize = 256;

    /// <summary>Data pieces in a request: what a queue's worth of descriptors leaves beside header and status.</summary>
    internal const uint SegMax = QueueSize - 2;

    /// <summary>Bytes of a piece.</summary>
    internal const uint SizeMax = 4 << 20;

    /// <summary>Sectors of one range to discard or zero: 1 GiB.</summary>
    internal const uint MaxRangeSectors = 1 << 21;

    /// <summary>Ranges in one request to discard or zero.</summary>
    internal const uint MaxRanges = 16;

    /// <summary>Sectors of the unit the host stores data in: 4 KiB.</summary>
    private const uint HostBlockSectors = 8;

    internal static virtio_blk_config For(ulong diskLength) => new()
    {
        capacity = diskLength / BlockDevice.SectorSize,
        size_max = SizeMax,
        seg_max = SegMax,
        blk_size = (uint)BlockDevice.SectorSize,
        physical_block_exp = 3,
        min_io_size = (ushort)HostBlockSectors,
        max_discard_sectors = MaxRangeSectors,
        max_discard_seg = MaxRanges,
        discard_sector_alignment = HostBlockSectors,
        max_write_zeroes_sectors = MaxRangeSectors,
        max_write_zeroes_seg = MaxRanges,
        write_zeroes_may_unmap = 1,
    };
}
