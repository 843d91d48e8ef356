using System.Buffers.Binary;
using Pyro.Protocol;

namespace Pyro.Trees.Ext4;

/// <summary>
/// Reads an ext4 file system from its device, without mounting it and without a write. What it does not know it refuses;
/// every number from the disk is checked, and loops in damaged structures end.
/// </summary>
public sealed class Ext4Volume : IDisposable
{
    /// <summary>The inode of the root directory.</summary>
    public const uint Root = 2;

    private const uint JournalInode = 8;
    private const uint Recover = 0x4;
    // filetype, recover, extents, 64bit, mmp, flex_bg, csum_seed, largedir
    private const uint KnownIncompat = 0x2 | Recover | 0x40 | 0x80 | 0x100 | 0x200 | 0x2000 | 0x4000;
    private const uint NeededIncompat = 0x2 | 0x40;
    private const uint Bigalloc = 0x200;
    private const uint GroupChecksums = 0x10 | 0x400;
    private const int MostDirectoryBytes = 1 << 28;
    private const int MostGroups = 1 << 20;
    private const int MostDescriptorBytes = 64 << 20;

    private readonly byte[] _superblock = new byte[1024];
    private readonly byte[] _descriptors;
    private readonly int _descriptorSize;
    private readonly ulong _blocks;
    private readonly byte[] _block;
    private readonly Ext4Journal? _journal;
    private readonly IExt4Device _device;

    /// <summary>Opens a device or image.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="mounted">
    /// It is a device that is mounted here and now: what its journal holds is in the device's cache as well, and newer there.
    /// If not, the journal is read, as a mount would, and what it has takes the place of what the disk has.
    /// </param>
    /// <exception cref="TreeException">It cannot be opened or read.</exception>
    /// <exception cref="Ext4Exception">It is not an ext4 file system that can be read here.</exception>
    public Ext4Volume(string path, bool mounted)
        : this(new Ext4DeviceFile(path, forgetCache: !mounted), mounted)
    {
    }

    /// <summary>Reads what lies on any device.</summary>
    /// <param name="device">The device; closed with the volume, also if it cannot be opened.</param>
    /// <param name="mounted">As above.</param>
    /// <exception cref="Ext4Exception">It is not an ext4 file system that can be read here.</exception>
    public Ext4Volume(IExt4Device device, bool mounted)
    {
        _device = device;
        try
        {
            device.Read(1024, _superblock);
            if (Word(0x38) != 0xef53)
                throw new Ext4Exception("no ext4 file system");
            uint incompat = Long(0x60);
            if ((incompat & ~KnownIncompat) != 0 || (incompat & NeededIncompat) != NeededIncompat || (Long(0x64) & Bigalloc) != 0)
                throw new Ext4Exception($"features {incompat:x}/{Long(0x64):x}, which are not known here");
            if (Long(0x18) > 5)
                throw new Ext4Exception("blocks are too large");
            BlockSize = 1024 << (int)Long(0x18);
            _block = new byte[BlockSize];
            _blocks = Long(0x4) | ((ulong)Long(0x150) << 32);
            InodeSize = Word(0x58);
            InodesPerGroup = (int)Math.Min(Long(0x28), int.MaxValue);
            uint blocksPerGroup = Long(0x20);
            if (InodeSize is < 128 or > 1024 || !int.IsPow2(InodeSize) || InodesPerGroup is 0 or > 1 << 20 || blocksPerGroup == 0 || _blocks > ulong.MaxValue >> 20)
                throw new Ext4Exception("a geometry that makes no sense");
            ulong groups = (_blocks - Long(0x14) + blocksPerGroup - 1) / blocksPerGroup;
            if (groups is 0 or > MostGroups)
                throw new Ext4Exception("too many groups");
            Groups = (int)groups;
            _descriptorSize = (incompat & 0x80) != 0 ? Word(0xfe) : 32;
            if (_descriptorSize is < 32 or > 1024)
                throw new Ext4Exception("a geometry that makes no sense");
            if ((long)Groups * _descriptorSize > MostDescriptorBytes)
                throw new Ext4Exception("too many groups");
            _descriptors = new byte[Groups * _descriptorSize];
            ReadBytes((ulong)(Long(0x14) + 1) * (ulong)BlockSize, _descriptors);
            NeedsRecovery = (incompat & Recover) != 0;
            if (!mounted && NeedsRecovery)
            {
                _journal = Ext4Journal.Read(this, ReadInode(JournalInode));
                ReadBytes((ulong)(Long(0x14) + 1) * (ulong)BlockSize, _descriptors);
            }
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    /// <summary>Whether its journal may have what the disk does not: it is mounted, or was when its machine ended.</summary>
    public bool NeedsRecovery { get; }

    /// <summary>Bytes of a block.</summary>
    public int BlockSize { get; }

    /// <summary>Bytes of an inode's record.</summary>
    public int InodeSize { get; }

    /// <summary>Inodes that each group has room for.</summary>
    public int InodesPerGroup { get; }

    /// <summary>Groups of blocks and inodes.</summary>
    public int Groups { get; }

    /// <summary>Inodes of a group up to the last that was ever used.</summary>
    public int UsedInodes(int group)
    {
        ReadOnlySpan<byte> descriptor = Descriptor(group);
        if ((Long(0x64) & GroupChecksums) == 0)
            return InodesPerGroup;
        if ((BinaryPrimitives.ReadUInt16LittleEndian(descriptor[0x12..]) & 1) != 0)
            return 0;
        int unused = BinaryPrimitives.ReadUInt16LittleEndian(descriptor[0x1c..]);
        if (_descriptorSize >= 64)
            unused |= BinaryPrimitives.ReadUInt16LittleEndian(descriptor[0x32..]) << 16;
        return Math.Max(0, InodesPerGroup - unused);
    }

    /// <summary>Reads the records of a group's inodes, one behind the other.</summary>
    public void ReadInodes(int group, int first, Span<byte> records)
        => ReadBytes((TableBlock(group) * (ulong)BlockSize) + ((ulong)first * (ulong)InodeSize), records);

    /// <summary>Reads an inode.</summary>
    /// <exception cref="Ext4Exception">There is none of that number.</exception>
    public Ext4Inode ReadInode(uint number)
    {
        if (number == 0 || (number - 1) / (uint)InodesPerGroup >= (uint)Groups)
            throw new Ext4Exception($"an inode {number}, which there is not");
        var record = new byte[InodeSize];
        ReadInodes((int)((number - 1) / (uint)InodesPerGroup), (int)((number - 1) % (uint)InodesPerGroup), record);
        return new Ext4Inode(number, record);
    }

    /// <summary>Reads the names in a directory, without <c>.</c> and <c>..</c>, in no order.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="wanted">If given, only names of these inodes, and those of directories.</param>
    public List<Ext4Name> ReadDirectory(in Ext4Inode directory, HashSet<uint>? wanted = null) => [.. Names(directory, wanted)];

    /// <summary>The same, one after the other: a directory may have more names than there is memory for.</summary>
    public IEnumerable<Ext4Name> Names(Ext4Inode directory, HashSet<uint>? wanted = null)
    {
        if (directory.Kind != FileKind.Directory || directory.Size > MostDirectoryBytes)
            throw new Ext4Exception($"inode {directory.Number} is no directory, or too large");
        var block = new byte[BlockSize];
        for (ulong at = 0; at < directory.Size; at += (ulong)BlockSize)
        {
            Read(directory, at, block);
            int size;
            for (int entry = 0; entry + 8 <= block.Length; entry += size)
            {
                uint inode = BinaryPrimitives.ReadUInt32LittleEndian(block.AsSpan(entry));
                size = BinaryPrimitives.ReadUInt16LittleEndian(block.AsSpan(entry + 4));
                int length = block[entry + 6];
                // A hole in a directory reads as zeros.
                if (size == 0 && inode == 0)
                    break;
                if (size < 8 || size % 4 != 0 || size > block.Length - entry || length + 8 > size)
                    throw new Ext4Exception($"directory {directory.Number} is damaged");
                FileKind kind = KindOf(block[entry + 7]);
                if (inode == 0 || length == 0 || (wanted is not null && kind != FileKind.Directory && !wanted.Contains(inode)))
                    continue;
                ReadOnlySpan<byte> name = block.AsSpan(entry + 8, length);
                if (name.SequenceEqual("."u8) || name.SequenceEqual(".."u8))
                    continue;
                if (name.ContainsAny((byte)'/', (byte)0))
                    throw new Ext4Exception($"directory {directory.Number} is damaged");
                yield return new Ext4Name(name.ToArray(), inode, kind);
            }
        }
    }

    /// <summary>Reads of a file, or of a link's target; fewer bytes than asked for only where it ends.</summary>
    public int Read(in Ext4Inode file, ulong offset, Span<byte> buffer)
    {
        if (file.IsUnreadable)
            throw new Ext4Exception($"inode {file.Number} is encrypted or holds its data itself");
        if (offset >= file.Size)
            return 0;
        buffer = buffer[..(int)Math.Min((ulong)buffer.Length, file.Size - offset)];
        if (!file.HasExtents)
        {
            if (file.Kind != FileKind.Link || file.Size >= Ext4Inode.MapLength)
                throw new Ext4Exception($"inode {file.Number} has no extents");
            file.Map.Slice((int)offset, buffer.Length).CopyTo(buffer);
            return buffer.Length;
        }

        int done = 0;
        while (done < buffer.Length)
        {
            ulong at = offset + (ulong)done;
            int within = (int)(at % (ulong)BlockSize);
            ulong physical = Map(file, at / (ulong)BlockSize, out ulong run);
            int count = (int)Math.Min((ulong)(buffer.Length - done), (run * (ulong)BlockSize) - (ulong)within);
            if (physical == 0)
                buffer.Slice(done, count).Clear();
            else
                ReadBytes((physical * (ulong)BlockSize) + (ulong)within, buffer.Slice(done, count));
            done += count;
        }

        return done;
    }

    /// <inheritdoc/>
    public void Dispose() => _device.Dispose();

    /// <summary>The block of the device that has a file's block, and for how many it goes on like that; 0 is a hole.</summary>
    internal ulong Map(in Ext4Inode file, ulong logical, out ulong run)
    {
        ReadOnlySpan<byte> node = file.Map;
        // Not more than is left of an address of 32 bits: a hole at the end has no extent that bounds it.
        ulong end = 1UL << 32;
        for (int depth = 5; ; depth--)
        {
            int entries = BinaryPrimitives.ReadUInt16LittleEndian(node[2..]);
            int below = BinaryPrimitives.ReadUInt16LittleEndian(node[6..]);
            if (BinaryPrimitives.ReadUInt16LittleEndian(node) != 0xf30a || below > depth || (entries + 1) * 12 > node.Length || logical >= end)
                throw new Ext4Exception($"the extents of inode {file.Number} are damaged");
            depth = below;
            int found = -1;
            for (int i = 0; i < entries; i++)
            {
                ulong first = BinaryPrimitives.ReadUInt32LittleEndian(node[((i + 1) * 12)..]);
                if (first > logical)
                {
                    end = Math.Min(end, first);
                    break;
                }

                found = i;
            }

            run = end - logical;
            if (found < 0)
                return 0;
            ReadOnlySpan<byte> entry = node.Slice((found + 1) * 12, 12);
            if (below == 0)
            {
                ulong first = BinaryPrimitives.ReadUInt32LittleEndian(entry);
                int length = BinaryPrimitives.ReadUInt16LittleEndian(entry[4..]);
                // Longer than that means reserved but never written, which reads as zeros.
                bool unwritten = length > 0x8000;
                length = unwritten ? length - 0x8000 : length;
                if (logical >= first + (ulong)length)
                    return 0;
                run = first + (ulong)length - logical;
                ulong start = BinaryPrimitives.ReadUInt32LittleEndian(entry[8..]) | ((ulong)BinaryPrimitives.ReadUInt16LittleEndian(entry[6..]) << 32);
                return unwritten ? 0 : start + (logical - first);
            }

            ulong child = BinaryPrimitives.ReadUInt32LittleEndian(entry[4..]) | ((ulong)BinaryPrimitives.ReadUInt16LittleEndian(entry[8..]) << 32);
            ReadBytes(child * (ulong)BlockSize, _block);
            node = _block;
        }
    }

    /// <summary>Reads a block as the disk has it, whatever the journal has of it.</summary>
    internal void ReadBlock(ulong block, Span<byte> buffer) => ReadDisk(block * (ulong)BlockSize, buffer);

    private static FileKind KindOf(byte type) => type switch
    {
        1 => FileKind.File,
        2 => FileKind.Directory,
        3 => FileKind.CharacterDevice,
        4 => FileKind.BlockDevice,
        5 => FileKind.Fifo,
        6 => FileKind.Socket,
        7 => FileKind.Link,
        _ => FileKind.Unknown,
    };

    private ReadOnlySpan<byte> Descriptor(int group) => _descriptors.AsSpan(group * _descriptorSize, _descriptorSize);

    private ulong TableBlock(int group)
    {
        ReadOnlySpan<byte> descriptor = Descriptor(group);
        ulong block = BinaryPrimitives.ReadUInt32LittleEndian(descriptor[0x8..]);
        return _descriptorSize >= 64 ? block | ((ulong)BinaryPrimitives.ReadUInt32LittleEndian(descriptor[0x28..]) << 32) : block;
    }

    /// <summary>Reads from the disk, and from the journal what that has newer.</summary>
    private void ReadBytes(ulong offset, Span<byte> buffer)
    {
        ReadDisk(offset, buffer);
        if (_journal is null)
            return;
        ulong first = offset / (ulong)BlockSize;
        ulong last = (offset + (ulong)buffer.Length - 1) / (ulong)BlockSize;
        for (ulong block = first; buffer.Length > 0 && block <= last; block++)
        {
            if (!_journal.TryGet(block, out byte[]? content))
                continue;
            long start = (long)(block * (ulong)BlockSize) - (long)offset;
            int skip = (int)Math.Max(0, -start);
            int at = (int)Math.Max(0, start);
            int count = Math.Min(BlockSize - skip, buffer.Length - at);
            content.AsSpan(skip, count).CopyTo(buffer[at..]);
        }
    }

    private void ReadDisk(ulong offset, Span<byte> buffer)
    {
        if (offset > (_blocks * (ulong)BlockSize) || (ulong)buffer.Length > (_blocks * (ulong)BlockSize) - offset)
            throw new Ext4Exception("a block beyond the end of the file system");
        _device.Read(offset, buffer);
    }

    private ushort Word(int at) => BinaryPrimitives.ReadUInt16LittleEndian(_superblock.AsSpan(at));

    private uint Long(int at) => BinaryPrimitives.ReadUInt32LittleEndian(_superblock.AsSpan(at));
}
