using System.Buffers.Binary;

namespace Pyro.Trees.Tar;

/// <summary>
/// Reads an archive from front to back: ustar, pax, GNU's long names and sparse files. Names stay the bytes they are, and
/// nothing is allocated for an entry that fits a header. The base class library's reader makes texts of names, which loses
/// those that are not UTF-8, and knows no sparse files.
/// </summary>
public sealed class TarReader(ITarInput input)
{
    private const int MostExtra = 1 << 20;
    private readonly byte[] _header = new byte[TarLayout.Block];
    private readonly byte[] _name = new byte[256];
    private ReadOnlyMemory<byte> _chunk;
    private byte[]? _longName;
    private byte[]? _longLink;
    private PaxRecords? _pax;
    private int _nameLength;
    private long _content;
    private int _padding;
    private SparseMap? _sparse;

    /// <summary>What the entry is.</summary>
    public TarKind Kind { get; private set; }

    /// <summary>Its name, as the archive has it.</summary>
    public ReadOnlySpan<byte> Name => _longName ?? _name.AsSpan(0, _nameLength);

    /// <summary>Where a link leads.</summary>
    public ReadOnlySpan<byte> Link => _longLink ?? UpToNul(_header.AsSpan()[TarLayout.Link]);

    /// <summary>Permission bits (07777).</summary>
    public ushort Mode { get; private set; }

    /// <summary>The mtime, in nanoseconds since 1970.</summary>
    public long ModifiedNanoseconds { get; private set; }

    /// <summary>The size of the file in bytes, holes included.</summary>
    public long Size { get; private set; }

    /// <summary>What is stored of a sparse file, in order; null for all others.</summary>
    public IReadOnlyList<SparsePart>? Sparse => _sparse?.Parts;

    /// <summary>Goes to the next entry; false at the archive's end mark.</summary>
    /// <exception cref="TreeException">The archive makes no sense, or ends before its end mark.</exception>
    public bool Next()
    {
        SkipContent();
        _longName = _longLink = null;
        _pax = null;
        _sparse = null;
        while (ReadHeader())
        {
            byte kind = _header[TarLayout.Kind];
            long size = TarNumber.Parse(_header.AsSpan()[TarLayout.Size]);
            if (size < 0)
                throw TarNumber.Damaged("holds a size below zero");
            switch (kind)
            {
                case TarLayout.PaxLocal:
                    _pax = PaxRecords.Parse(ReadExtra(size));
                    break;
                case TarLayout.GnuLongName:
                    _longName = UpToNul(ReadExtra(size)).ToArray();
                    break;
                case TarLayout.GnuLongLink:
                    _longLink = UpToNul(ReadExtra(size)).ToArray();
                    break;
                case TarLayout.PaxGlobal or TarLayout.GnuVolume:
                    // Words about the archive as a whole; git writes its commit there.
                    _ = ReadExtra(size);
                    break;
                default:
                    Begin(kind, size);
                    return true;
            }
        }

        return false;
    }

    /// <summary>The next bytes of the entry's content, valid until the next call; empty at its end.</summary>
    /// <exception cref="TreeException">The archive ends too early.</exception>
    public ReadOnlySpan<byte> ReadContent()
    {
        if (_content == 0)
            return default;
        Fill();
        int count = (int)Math.Min(_chunk.Length, _content);
        ReadOnlySpan<byte> part = _chunk.Span[..count];
        _chunk = _chunk[count..];
        _content -= count;
        return part;
    }

    /// <summary>Reads what comes after the end mark, which is padding.</summary>
    public void Drain()
    {
        while (!input.Read().IsEmpty)
        {
        }
    }

    private void Begin(byte kind, long size)
    {
        Span<byte> header = _header;
        Kind = kind switch
        {
            TarLayout.File or TarLayout.OldFile or TarLayout.ContiguousFile or TarLayout.GnuSparse => TarKind.File,
            TarLayout.Directory => TarKind.Directory,
            TarLayout.SymbolicLink => TarKind.Link,
            TarLayout.HardLink => TarKind.HardLink,
            _ => TarKind.Other,
        };
        Mode = (ushort)(TarNumber.Parse(header[TarLayout.Mode]) & 0xfff);
        SetName(header);
        _longName = _pax?.Name ?? _longName;
        _longLink = _pax?.Link ?? _longLink;
        size = _pax?.Size ?? size;
        if (Kind is TarKind.Directory or TarKind.Link)
            size = 0;
        // What old archives had instead of a kind.
        if (kind == TarLayout.OldFile && Name.EndsWith("/"u8))
            Kind = TarKind.Directory;
        SetModified(header);

        Size = _content = size;
        _padding = (int)(-size & (TarLayout.Block - 1));
        if (kind == TarLayout.GnuSparse)
            ReadGnuMap(header);
        else if (_pax is { SparseInContent: true })
            ReadContentMap();
        else if (_pax?.Sparse is { } map)
            SetSparse(map, _pax.RealSize);
    }

    private void SetName(ReadOnlySpan<byte> header)
    {
        ReadOnlySpan<byte> name = UpToNul(header[TarLayout.Name]);
        ReadOnlySpan<byte> prefix = header[TarLayout.Magic].StartsWith(TarLayout.Ustar) ? UpToNul(header[TarLayout.Prefix]) : default;
        if (!prefix.IsEmpty)
        {
            prefix.CopyTo(_name);
            _name[prefix.Length] = (byte)'/';
            _nameLength = prefix.Length + 1;
        }
        else
        {
            _nameLength = 0;
        }

        name.CopyTo(_name.AsSpan(_nameLength));
        _nameLength += name.Length;
    }

    private void SetModified(ReadOnlySpan<byte> header)
    {
        long seconds = TarNumber.Parse(header[TarLayout.Modified]);
        if (seconds is > int.MaxValue * 4L or < int.MinValue * 4L)
            throw TarNumber.Damaged("holds a time beyond all times");
        uint fraction = header[TarLayout.FractionMark].SequenceEqual(TarLayout.FractionWord) ? BinaryPrimitives.ReadUInt32LittleEndian(header[TarLayout.Fraction]) : 0;
        ModifiedNanoseconds = _pax?.Modified ?? ((seconds * 1_000_000_000) + Math.Min(fraction, 999_999_999));
    }

    // Four parts in the header, and then as many blocks with 21 as it takes.
    private void ReadGnuMap(ReadOnlySpan<byte> header)
    {
        var map = new SparseMap();
        long size = TarNumber.Parse(header[483..495]);
        AddParts(map, header[386..482]);
        Span<byte> more = stackalloc byte[TarLayout.Block];
        bool extended = header[482] != 0;
        while (extended)
        {
            ReadWhole(more);
            AddParts(map, more[..504]);
            extended = more[504] != 0;
        }

        SetSparse(map, size);
    }

    private static void AddParts(SparseMap map, ReadOnlySpan<byte> parts)
    {
        for (; !parts.IsEmpty && parts[0] != 0; parts = parts[24..])
            map.Add(TarNumber.Parse(parts[..12]), TarNumber.Parse(parts[12..24]));
    }

    // Decimal numbers, a line each, the first their count; padded to a block.
    private void ReadContentMap()
    {
        var map = new SparseMap();
        long count = ReadLine() * 2;
        for (long i = 0; i < count; i++)
            map.AddNumber(ReadLine());
        while ((_content & (TarLayout.Block - 1)) != (-_padding & (TarLayout.Block - 1)))
            _ = ReadByte();
        SetSparse(map, _pax!.RealSize);

        long ReadLine()
        {
            Span<byte> digits = stackalloc byte[20];
            for (int length = 0; length < digits.Length; length++)
            {
                digits[length] = ReadByte();
                if (digits[length] == '\n')
                    return TarNumber.ParseDecimal(digits[..length]);
            }

            throw TarNumber.Damaged("holds a number that is none");
        }

        byte ReadByte()
        {
            if (_content == 0)
                throw TarNumber.Damaged("holds a sparse file whose parts make no sense");
            Fill();
            byte b = _chunk.Span[0];
            _chunk = _chunk[1..];
            _content--;
            return b;
        }
    }

    private void SetSparse(SparseMap map, long? size)
    {
        if (Kind != TarKind.File || size is not >= 0)
            throw TarNumber.Damaged("holds a sparse file without a size");
        map.Check(_content, size.Value);
        Size = size.Value;
        _sparse = map;
    }

    private bool ReadHeader()
    {
        ReadWhole(_header);
        if (!_header.AsSpan().ContainsAnyExcept((byte)0))
            return false;

        int sum = TarLayout.Checksum.End.Value - TarLayout.Checksum.Start.Value;
        sum *= ' ';
        foreach (byte b in _header)
            sum += b;
        foreach (byte b in _header.AsSpan()[TarLayout.Checksum])
            sum -= b;
        return TarNumber.Parse(_header.AsSpan()[TarLayout.Checksum]) == sum ? true : throw TarNumber.Damaged("is none, or is damaged");
    }

    private byte[] ReadExtra(long size)
    {
        if (size > MostExtra)
            throw TarNumber.Damaged("holds a header of too many bytes");
        var extra = new byte[size];
        ReadWhole(extra);
        Skip(-size & (TarLayout.Block - 1));
        return extra;
    }

    private void ReadWhole(Span<byte> target)
    {
        while (!target.IsEmpty)
        {
            Fill();
            int count = Math.Min(_chunk.Length, target.Length);
            _chunk.Span[..count].CopyTo(target);
            _chunk = _chunk[count..];
            target = target[count..];
        }
    }

    private void SkipContent()
    {
        Skip(_content);
        Skip(_padding);
        _content = _padding = 0;
    }

    private void Skip(long count)
    {
        while (count > 0)
        {
            Fill();
            int part = (int)Math.Min(count, _chunk.Length);
            _chunk = _chunk[part..];
            count -= part;
        }
    }

    private void Fill()
    {
        if (!_chunk.IsEmpty)
            return;
        _chunk = input.Read();
        if (_chunk.IsEmpty)
            throw TarNumber.Damaged("ends before its end mark");
    }

    private static ReadOnlySpan<byte> UpToNul(ReadOnlySpan<byte> field)
    {
        int end = field.IndexOf((byte)0);
        return end < 0 ? field : field[..end];
    }
}
