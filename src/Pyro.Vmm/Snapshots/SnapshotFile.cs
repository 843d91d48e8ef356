using System.Buffers.Binary;
using System.Numerics;
using Microsoft.Win32.SafeHandles;

namespace Pyro.Vmm.Snapshots;

/// <summary>What a section of the state file holds.</summary>
internal enum SectionKind : uint
{
    Description = 1,
    Memory = 2,
    Vcpu = 3,
    InterruptController = 4,
    Clock = 5,
    Serial = 6,
    VirtioDevice = 7,
    DiskLayers = 8,
}

/// <summary>
/// The state file: a header with version, length and checksum, and sections of a kind, a number and a length
/// (docs/snapshot-format.md).
/// </summary>
internal sealed class SnapshotFile
{
    internal const uint Version = 2;

    private const int HeaderLength = 32;
    private const int ChecksumOffset = 24;
    private const int SectionHeaderLength = 16;
    private const int MaxLength = 64 << 20;

    private static readonly byte[] s_magic = "PYROSNAP"u8.ToArray();

    private readonly List<(SectionKind Kind, uint Number, byte[] Data)> _sections = [];

    internal void Add(SectionKind kind, uint number, ReadOnlySpan<byte> data) => _sections.Add((kind, number, data.ToArray()));

    /// <exception cref="SnapshotException">There is no such section.</exception>
    internal ReadOnlySpan<byte> Get(SectionKind kind, uint number)
    {
        foreach ((SectionKind k, uint n, byte[] data) in _sections)
        {
            if (k == kind && n == number)
                return data;
        }

        throw new SnapshotException($"the snapshot has no section {kind} {number}");
    }

    internal byte[] ToBytes()
    {
        byte[] bytes = new byte[HeaderLength + _sections.Sum(s => SectionHeaderLength + s.Data.Length)];
        s_magic.CopyTo(bytes, 0);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), Version);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(12), (uint)_sections.Count);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(16), (ulong)bytes.Length);
        int at = HeaderLength;
        foreach ((SectionKind kind, uint number, byte[] data) in _sections)
        {
            Span<byte> header = bytes.AsSpan(at, SectionHeaderLength);
            BinaryPrimitives.WriteUInt32LittleEndian(header, (uint)kind);
            BinaryPrimitives.WriteUInt32LittleEndian(header[4..], number);
            BinaryPrimitives.WriteUInt64LittleEndian(header[8..], (ulong)data.Length);
            data.CopyTo(bytes, at + SectionHeaderLength);
            at += SectionHeaderLength + data.Length;
        }

        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(ChecksumOffset), ChecksumOf(bytes));
        return bytes;
    }

    /// <summary>Reads a file whole, unless it is longer than any state file.</summary>
    /// <param name="file">The state file.</param>
    /// <param name="name">The snapshot's name for messages.</param>
    /// <exception cref="SnapshotException">As of <see cref="Parse"/>.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    internal static SnapshotFile Read(SafeFileHandle file, string name)
    {
        long length = RandomAccess.GetLength(file);
        if (length > MaxLength)
            throw new SnapshotException($"{name}: has a state file of {length} bytes, and none is longer than {MaxLength}: it is damaged");
        byte[] bytes = new byte[length];
        int read = 0, count;
        while (read < bytes.Length && (count = RandomAccess.Read(file, bytes.AsSpan(read), read)) > 0)
            read += count;
        return Parse(bytes.AsSpan(0, read), name);
    }

    /// <param name="bytes">A whole file.</param>
    /// <param name="name">The snapshot's name for messages.</param>
    /// <exception cref="SnapshotException">It is none, of another version, cut short or damaged.</exception>
    internal static SnapshotFile Parse(ReadOnlySpan<byte> bytes, string name)
    {
        if (bytes.Length < HeaderLength || !bytes[..8].SequenceEqual(s_magic))
            throw new SnapshotException($"{name}: not a snapshot of Pyro");
        uint version = BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
        if (version != Version)
            throw new SnapshotException($"{name}: has format version {version}, this pyro reads version {Version}; take the snapshot again");
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]);
        if (length != (ulong)bytes.Length)
            throw new SnapshotException($"{name}: has {bytes.Length} bytes instead of {length}: it was cut short or damaged");
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[ChecksumOffset..]) != ChecksumOf(bytes))
            throw new SnapshotException($"{name}: its checksum is wrong: it is damaged");

        var file = new SnapshotFile();
        uint count = BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]);
        ReadOnlySpan<byte> rest = bytes[HeaderLength..];
        for (uint i = 0; i < count; i++)
        {
            ulong size = rest.Length >= SectionHeaderLength ? BinaryPrimitives.ReadUInt64LittleEndian(rest[8..]) : ulong.MaxValue;
            if (size > (ulong)(rest.Length - SectionHeaderLength) || rest.Length < SectionHeaderLength)
                throw new SnapshotException($"{name}: section {i} reaches beyond the end: it is damaged");
            file.Add(
                (SectionKind)BinaryPrimitives.ReadUInt32LittleEndian(rest),
                BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]),
                rest.Slice(SectionHeaderLength, (int)size));
            rest = rest[(SectionHeaderLength + (int)size)..];
        }

        return file;
    }

    private static uint ChecksumOf(ReadOnlySpan<byte> file) => Checksum(file[HeaderLength..], Checksum(file[..ChecksumOffset]));

    /// <summary>CRC-32C, as the processor computes it: eight bytes at a time, then one by one.</summary>
    internal static uint Checksum(ReadOnlySpan<byte> bytes, uint crc = uint.MaxValue)
    {
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (byte b in bytes)
            crc = BitOperations.Crc32C(crc, b);
        return crc;
    }
}
