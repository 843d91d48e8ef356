using System.Runtime.InteropServices;
using Pyro.Kvm.Native;
using Pyro.Vmm.Disks;

namespace Pyro.Vmm.Virtio.Block;

/// <summary>Does what the requests in a queue ask of a disk. Used on the device's thread only; allocates nothing for requests that succeed.</summary>
internal sealed class BlockRequests(IDiskBackend disk, byte[] id, VirtioActivation activation, Action<string>? log)
{
    private const int MaxLoggedFailures = 100;
    private const uint HeaderLength = 16;
    private const uint RangeLength = 16;

    private readonly virtio_blk_discard_write_zeroes[] _ranges = new virtio_blk_discard_write_zeroes[BlockConfig.MaxRanges];

    // A driver that cannot flush gets a disk that has nothing to flush (virtio 1.2, 5.2.6.2).
    private readonly bool _writeThrough = !activation.Has(1UL << Uapi.VIRTIO_BLK_F_FLUSH);
    private long _failures;

    /// <summary>Works off a queue until it is empty.</summary>
    internal void Process(VirtQueue queue)
    {
        do
        {
            queue.DisableNotifications();
            while (queue.TryPop(out DescriptorChain chain))
            {
                if (!TryAnswer(chain, out uint written))
                {
                    activation.Transport.SetNeedsReset("a block request has no room for a header or a status");
                    queue.Stop();
                    return;
                }

                queue.AddUsed(chain.Head, written);
                queue.NotifyUsed();
            }
        }
        while (queue.EnableNotifications());
    }

    private bool TryAnswer(in DescriptorChain chain, out uint written)
    {
        written = 0;
        if (chain.WritableLength == 0 || !chain.TryRead(0, out virtio_blk_outhdr header))
            return false;

        uint dataLength = chain.WritableLength - 1;
        byte status;
        try
        {
            status = Perform(chain, header, dataLength, out written);
        }
        catch (DiskException e)
        {
            // A guest that tries for ever must not fill the log.
            if (_failures++ < MaxLoggedFailures)
                log?.Invoke(e.Message);
            status = Uapi.VIRTIO_BLK_S_IOERR;
        }

        chain.TryWrite(dataLength, status);
        // The length counts from the front: the status behind unwritten data does not count (virtio 1.2, 2.7.8.2).
        if (written == dataLength)
            written++;
        return true;
    }

    private byte Perform(in DescriptorChain chain, virtio_blk_outhdr header, uint dataLength, out uint written)
    {
        written = 0;
        switch (header.type)
        {
            case Uapi.VIRTIO_BLK_T_IN:
                if (!IsOnDisk(header.sector, dataLength))
                    return Uapi.VIRTIO_BLK_S_IOERR;
                disk.Read(header.sector * BlockDevice.SectorSize, chain.SliceWritable(0, dataLength));
                written = dataLength;
                return Uapi.VIRTIO_BLK_S_OK;

            case Uapi.VIRTIO_BLK_T_OUT:
                uint length = chain.ReadableLength - HeaderLength;
                if (disk.IsReadOnly || !IsOnDisk(header.sector, length))
                    return Uapi.VIRTIO_BLK_S_IOERR;
                disk.Write(header.sector * BlockDevice.SectorSize, chain.SliceReadable(HeaderLength, length));
                return AfterWrite();

            case Uapi.VIRTIO_BLK_T_FLUSH:
                disk.Flush();
                return Uapi.VIRTIO_BLK_S_OK;

            case Uapi.VIRTIO_BLK_T_GET_ID:
                if (dataLength < BlockDevice.IdLength || !chain.TryWrite(0, id))
                    return Uapi.VIRTIO_BLK_S_IOERR;
                written = BlockDevice.IdLength;
                return Uapi.VIRTIO_BLK_S_OK;

            case Uapi.VIRTIO_BLK_T_DISCARD when activation.Has(1UL << Uapi.VIRTIO_BLK_F_DISCARD):
            case Uapi.VIRTIO_BLK_T_WRITE_ZEROES when activation.Has(1UL << Uapi.VIRTIO_BLK_F_WRITE_ZEROES):
                return PerformRanges(chain, header.type == Uapi.VIRTIO_BLK_T_DISCARD);

            default:
                return Uapi.VIRTIO_BLK_S_UNSUPP;
        }
    }

    private byte PerformRanges(in DescriptorChain chain, bool discard)
    {
        uint length = chain.ReadableLength - HeaderLength;
        uint count = length / RangeLength;
        if (length % RangeLength != 0 || count is 0 or > BlockConfig.MaxRanges)
            return Uapi.VIRTIO_BLK_S_IOERR;

        // All are copied and checked before the first is done.
        Span<virtio_blk_discard_write_zeroes> ranges = _ranges.AsSpan(0, (int)count);
        chain.TryRead(HeaderLength, MemoryMarshal.AsBytes(ranges));
        foreach (virtio_blk_discard_write_zeroes range in ranges)
        {
            // Unknown flags, and the unmap flag where it has no meaning (virtio 1.2, 5.2.6.2).
            if ((range.flags & ~(discard ? 0 : (uint)Uapi.VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP)) != 0)
                return Uapi.VIRTIO_BLK_S_UNSUPP;
            if (range.num_sectors > BlockConfig.MaxRangeSectors || !IsOnDisk(range.sector, range.num_sectors * BlockDevice.SectorSize))
                return Uapi.VIRTIO_BLK_S_IOERR;
        }

        foreach (virtio_blk_discard_write_zeroes range in ranges)
        {
            ulong offset = range.sector * BlockDevice.SectorSize;
            ulong bytes = range.num_sectors * BlockDevice.SectorSize;
            if (discard)
                disk.Discard(offset, bytes);
            else
                disk.WriteZeroes(offset, bytes, (range.flags & (uint)Uapi.VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP) != 0);
        }

        return AfterWrite();
    }

    private byte AfterWrite()
    {
        if (_writeThrough)
            disk.Flush();
        return Uapi.VIRTIO_BLK_S_OK;
    }

    private bool IsOnDisk(ulong sector, ulong length) =>
        length % BlockDevice.SectorSize == 0
        && sector <= disk.Length / BlockDevice.SectorSize
        && length <= disk.Length - (sector * BlockDevice.SectorSize);
}
