using System.Buffers.Binary;

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

    internal static byte[] For(ulong diskLength)
    {
        byte[] config = new byte[60];
        Span<byte> bytes = config;
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, diskLength / BlockDevice.SectorSize);   // capacity
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[8..], SizeMax);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[12..], SegMax);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[20..], (uint)BlockDevice.SectorSize);    // blk_size
        bytes[24] = 3;                                                                          // physical_block_exp
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[26..], (ushort)HostBlockSectors);        // min_io_size
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[36..], MaxRangeSectors);                 // max_discard_sectors
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[40..], MaxRanges);                       // max_discard_seg
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[44..], HostBlockSectors);                // discard_sector_alignment
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[48..], MaxRangeSectors);                 // max_write_zeroes_sectors
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[52..], MaxRanges);                       // max_write_zeroes_seg
        bytes[56] = 1;                                                                          // write_zeroes_may_unmap
        return config;
    }
}
