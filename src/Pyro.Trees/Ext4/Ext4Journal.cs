using System.Buffers.Binary;

namespace Pyro.Trees.Ext4;

/// <summary>
/// What a journal has that its file system does not have yet, as on a disk that was copied while it was mounted (kernel
/// documentation, "ext4: journal (jbd2)"). Where a mount would write it back, this keeps it beside.
/// </summary>
internal sealed class Ext4Journal
{
    private const uint Magic = 0xc03b3998;
    private const uint Descriptor = 1, Commit = 2, Revoke = 5;
    private const uint Has64Bit = 2, HasChecksum3 = 0x10;
    // revoke, 64bit, async_commit, csum_v3
    private const uint KnownIncompat = 1 | Has64Bit | 4 | HasChecksum3;
    private const uint Escaped = 1, SameUuid = 2, Last = 8;
    private const uint MostBlocks = 1 << 18;
    private const int MostRevoked = 1 << 20;

    private readonly Ext4Volume _volume;
    private readonly Ext4Inode _file;
    private readonly Dictionary<ulong, Copy> _copies = [];
    private readonly Dictionary<ulong, uint> _revoked = [];
    private readonly byte[] _block;
    private uint _first;
    private uint _length;
    private uint _features;

    private Ext4Journal(Ext4Volume volume, Ext4Inode file)
    {
        _volume = volume;
        _file = file;
        _block = new byte[volume.BlockSize];
    }

    internal static Ext4Journal Read(Ext4Volume volume, Ext4Inode file)
    {
        var journal = new Ext4Journal(volume, file);
        journal.Scan();
        return journal;
    }

    /// <summary>The newest content of a block, where the journal has it.</summary>
    internal bool TryGet(ulong block, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out byte[]? content)
    {
        content = null;
        // While it is being read itself, there is nothing to put in.
        if (!_copies.TryGetValue(block, out Copy copy))
            return false;
        content = new byte[_volume.BlockSize];
        _volume.ReadBlock(copy.At, content);
        if (copy.IsEscaped)
            BinaryPrimitives.WriteUInt32BigEndian(content, Magic);
        return true;
    }

    private void Scan()
    {
        ReadLog(0);
        _length = Math.Min(Number(16), (uint)Math.Min(_file.Size / (ulong)_volume.BlockSize, uint.MaxValue));
        _first = Number(20);
        uint sequence = Number(24);
        uint start = Number(28);
        _features = Number(40);
        if (Number(0) != Magic || Number(4) != 4 || Number(12) != (uint)_volume.BlockSize || _length > MostBlocks || _first == 0 || _first >= _length || start >= _length)
            throw new Ext4Exception("its journal makes no sense");
        if ((_features & ~KnownIncompat) != 0)
            throw new Ext4Exception($"its journal has features {_features:x}, which are not known here");
        if (start == 0)
            return;

        var all = new List<(ulong Block, Copy Copy, uint Sequence)>();
        var open = new List<(ulong Block, Copy Copy, uint Sequence)>();
        var openRevoked = new List<ulong>();
        uint at = start;
        for (uint seen = 0; seen < _length; seen++)
        {
            ReadLog(at);
            if (Number(0) != Magic || Number(8) != sequence)
                break;
            uint type = Number(4);
            at = Next(at);
            if (type == Descriptor)
            {
                ReadTags(open, sequence, ref at, ref seen);
            }
            else if (type == Revoke)
            {
                ReadRevoked(openRevoked);
            }
            else if (type == Commit)
            {
                all.AddRange(open);
                foreach (ulong block in openRevoked)
                    _revoked[block] = sequence;
                open.Clear();
                openRevoked.Clear();
                sequence++;
            }
            else
            {
                break;
            }
        }

        // A block that was freed and used for data must not get its old content back.
        foreach ((ulong block, Copy copy, uint written) in all)
        {
            if (!_revoked.TryGetValue(block, out uint revoked) || (int)(written - revoked) > 0)
                _copies[block] = copy;
        }
    }

    private void ReadTags(List<(ulong Block, Copy Copy, uint Sequence)> into, uint sequence, ref uint at, ref uint seen)
    {
        bool third = (_features & HasChecksum3) != 0;
        int size = third ? 16 : (_features & Has64Bit) != 0 ? 12 : 8;
        int end = _block.Length - (third ? 4 : 0);
        for (int tag = 12; tag + size <= end;)
        {
            ulong block = Number(tag);
            uint flags = third ? Number(tag + 4) : Number(tag + 4) & 0xffff;
            if ((_features & Has64Bit) != 0)
                block |= (ulong)Number(tag + 8) << 32;
            into.Add((block, new Copy(Physical(at), (flags & Escaped) != 0), sequence));
            at = Next(at);
            seen++;
            if ((flags & Last) != 0)
                break;
            tag += size + ((flags & SameUuid) != 0 ? 0 : 16);
        }
    }

    private void ReadRevoked(List<ulong> into)
    {
        int size = (_features & Has64Bit) != 0 ? 8 : 4;
        int end = (int)Math.Min(Number(12), (uint)_block.Length);
        if (into.Count + _revoked.Count + (end / size) > MostRevoked)
            throw new Ext4Exception("its journal makes no sense");
        for (int at = 16; at + size <= end; at += size)
            into.Add(size == 8 ? BinaryPrimitives.ReadUInt64BigEndian(_block.AsSpan(at)) : Number(at));
    }

    private uint Next(uint at) => at + 1 < _length ? at + 1 : _first;

    private void ReadLog(uint at) => _volume.ReadBlock(Physical(at), _block);

    private ulong Physical(uint at) => _volume.Map(_file, at, out _) is ulong block and not 0 ? block : throw new Ext4Exception("its journal has a hole");

    private uint Number(int at) => BinaryPrimitives.ReadUInt32BigEndian(_block.AsSpan(at));

    /// <summary>Where the journal has a block's content.</summary>
    private readonly record struct Copy(ulong At, bool IsEscaped);
}
