using System.Buffers.Binary;
using Pyro.Protocol;

namespace Pyro.Trees.Ext4;

/// <summary>An inode as it stands on the disk (kernel documentation, "ext4: inode table").</summary>
/// <param name="number">Its number.</param>
/// <param name="record">Its bytes.</param>
public readonly struct Ext4Inode(uint number, byte[] record)
{
    /// <summary>Where the block map, a short link's target included, begins, and its bytes.</summary>
    internal const int MapAt = 0x28, MapLength = 60;

    private const uint ExtentsFlag = 0x80000, InlineFlag = 0x1000_0000, EncryptedFlag = 0x800;

    /// <summary>Its number.</summary>
    public uint Number { get; } = number;

    /// <summary>What it is.</summary>
    public FileKind Kind => (Word(0) & 0xf000) switch
    {
        0x8000 => FileKind.File,
        0x4000 => FileKind.Directory,
        0xa000 => FileKind.Link,
        0x1000 => FileKind.Fifo,
        0xc000 => FileKind.Socket,
        0x2000 => FileKind.CharacterDevice,
        0x6000 => FileKind.BlockDevice,
        _ => FileKind.Unknown,
    };

    /// <summary>Its permission bits (07777).</summary>
    public ushort Mode => (ushort)(Word(0) & 0xfff);

    /// <summary>Its size in bytes.</summary>
    public ulong Size => Long(0x4) | ((ulong)Long(0x6c) << 32);

    /// <summary>When it was last written to.</summary>
    public DateTimeOffset ModifiedAt
    {
        get
        {
            long seconds = (int)Long(0x10);
            // Two bits above the 32, and nanoseconds, where the record has room for them.
            uint extra = record.Length >= 0x8c && Word(0x80) >= 0xc ? Long(0x88) : 0;
            return DateTimeOffset.UnixEpoch.AddTicks((((extra & 3L) << 32) + seconds) * TimeSpan.TicksPerSecond + ((extra >> 2) / 100));
        }
    }

    /// <summary>Whether it is in use, and has a name.</summary>
    public bool IsLive => IsLiveRecord(record);

    internal ReadOnlySpan<byte> Map => record.AsSpan(MapAt, MapLength);

    internal bool HasExtents => (Long(0x20) & ExtentsFlag) != 0;

    internal bool IsUnreadable => (Long(0x20) & (InlineFlag | EncryptedFlag)) != 0;

    internal static bool IsLiveRecord(ReadOnlySpan<byte> record)
        => BinaryPrimitives.ReadUInt16LittleEndian(record) != 0 && BinaryPrimitives.ReadUInt16LittleEndian(record[0x1a..]) != 0;

    private ushort Word(int at) => BinaryPrimitives.ReadUInt16LittleEndian(record.AsSpan(at));

    private uint Long(int at) => BinaryPrimitives.ReadUInt32LittleEndian(record.AsSpan(at));
}
