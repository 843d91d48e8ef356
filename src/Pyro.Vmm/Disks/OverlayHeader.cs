using System.Buffers.Binary;
using System.Numerics;

namespace Pyro.Vmm.Disks;

/// <summary>The first bytes of an overlay file. docs/disk-overlay.md is the format's description.</summary>
internal readonly record struct OverlayHeader
{
    /// <summary>Bytes that the header takes in the file; the bitmap follows.</summary>
    internal const int ByteLength = 4096;

    /// <summary>
    /// Bytes of a cluster. The guest's file systems and the page cache work in blocks of 4 KiB, so nearly every write
    /// covers whole clusters and copies nothing from the base; the bitmap still is only 1/32768 of the disk.
    /// </summary>
    internal const ulong ClusterSize = 4096;

    /// <summary>Bytes of the largest disk: its bitmap takes 128 MiB of memory.</summary>
    internal const ulong MaxDiskLength = 4UL << 40;

    private const ulong Magic = 0x0a574f436f727950; // "PyroCOW\n"
    private const uint Version = 1;
    private const uint FrozenFlag = 1;
    private const int CheckedBytes = 104;

    internal required ulong DiskLength { get; init; }

    internal required ulong BaseLength { get; init; }

    internal required DiskId Id { get; init; }

    internal required DiskId BaseId { get; init; }

    internal required bool Frozen { get; init; }

    internal ulong Clusters => (DiskLength + ClusterSize - 1) / ClusterSize;

    internal static ulong BitmapOffset => ByteLength;

    internal ulong DataOffset => BitmapOffset + AllocationBitmap.ByteLength(Clusters);

    internal ulong FileLength => DataOffset + (Clusters * ClusterSize);

    internal static OverlayHeader Read(DiskFile file)
    {
        ulong fileLength = file.Length;
        if (fileLength < ByteLength)
            throw Damaged(file, $"it is only {fileLength} bytes long, too short for an overlay's header");

        Span<byte> bytes = stackalloc byte[CheckedBytes + sizeof(uint)];
        file.Read(0, bytes);
        if (BinaryPrimitives.ReadUInt64LittleEndian(bytes) != Magic)
            throw Damaged(file, "it is no overlay: the magic number at its start is missing");
        uint version = BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
        if (version != Version)
            throw new DiskException(file.Name, $"its overlay format is version {version}, this pyro knows version {Version}; use the pyro that made it");
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[CheckedBytes..]) != Checksum(bytes[..CheckedBytes]))
            throw Damaged(file, "its header's checksum is wrong");

        uint flags = BinaryPrimitives.ReadUInt32LittleEndian(bytes[20..]);
        OverlayHeader header = new()
        {
            DiskLength = BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]),
            BaseLength = BinaryPrimitives.ReadUInt64LittleEndian(bytes[32..]),
            Id = new DiskId(BinaryPrimitives.ReadUInt128LittleEndian(bytes[40..])),
            BaseId = new DiskId(BinaryPrimitives.ReadUInt128LittleEndian(bytes[56..])),
            Frozen = (flags & FrozenFlag) != 0,
        };

        // A checksum keeps accidents out, not malice: every number is bounded before it is used.
        if (header.DiskLength is 0 or > MaxDiskLength || header.DiskLength % 512 != 0 || header.BaseLength > header.DiskLength)
            throw Damaged(file, $"its header gives an impossible size, {header.DiskLength} bytes over {header.BaseLength}");
        if ((flags & ~FrozenFlag) != 0
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]) != ByteLength
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]) != ClusterSize
            || BinaryPrimitives.ReadUInt64LittleEndian(bytes[72..]) != BitmapOffset
            || BinaryPrimitives.ReadUInt64LittleEndian(bytes[80..]) != AllocationBitmap.ByteLength(header.Clusters)
            || BinaryPrimitives.ReadUInt64LittleEndian(bytes[88..]) != header.DataOffset
            || BinaryPrimitives.ReadUInt64LittleEndian(bytes[96..]) != 0)
            throw Damaged(file, "its header has values that no overlay of this version has");
        if (fileLength < header.FileLength)
            throw Damaged(file, $"it is {fileLength} bytes long and must be {header.FileLength}: it was cut short");
        return header;
    }

    internal void Write(DiskFile file)
    {
        Span<byte> bytes = stackalloc byte[CheckedBytes + sizeof(uint)];
        bytes.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[8..], Version);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[12..], ByteLength);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[16..], (uint)ClusterSize);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[20..], Frozen ? FrozenFlag : 0);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[24..], DiskLength);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[32..], BaseLength);
        BinaryPrimitives.WriteUInt128LittleEndian(bytes[40..], Id.Value);
        BinaryPrimitives.WriteUInt128LittleEndian(bytes[56..], BaseId.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[72..], BitmapOffset);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[80..], AllocationBitmap.ByteLength(Clusters));
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[88..], DataOffset);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[CheckedBytes..], Checksum(bytes[..CheckedBytes]));
        file.Write(0, bytes);
    }

    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in bytes)
            crc = BitOperations.Crc32C(crc, value);
        return ~crc;
    }

    private static DiskException Damaged(DiskFile file, string problem) =>
        new(file.Name, $"{problem}; delete it, or restore it from a copy");
}
