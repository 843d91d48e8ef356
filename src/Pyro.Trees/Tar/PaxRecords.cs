namespace Pyro.Trees.Tar;

/// <summary>What a pax header says of the entry after it; other words are ignored.</summary>
internal sealed class PaxRecords
{
    internal byte[]? Name { get; private set; }

    internal byte[]? Link { get; private set; }

    internal long? Size { get; private set; }

    internal long? Modified { get; private set; }

    /// <summary>The size of a sparse file with its holes.</summary>
    internal long? RealSize { get; private set; }

    internal SparseMap? Sparse { get; private set; }

    /// <summary>The parts are told at the begin of the content.</summary>
    internal bool SparseInContent { get; private set; }

    /// <summary>Reads "LENGTH KEY=VALUE\n" until the end.</summary>
    internal static PaxRecords Parse(ReadOnlySpan<byte> text)
    {
        var records = new PaxRecords();
        while (!text.IsEmpty)
        {
            int space = text.IndexOf((byte)' ');
            // No record is longer than a million bytes.
            if (space is < 1 or > 7)
                throw TarNumber.Damaged("holds a pax header that is none");
            long length = TarNumber.ParseDecimal(text[..space]);
            if (length <= space + 1 || length > text.Length || text[(int)length - 1] != '\n')
                throw TarNumber.Damaged("holds a pax header that is none");
            ReadOnlySpan<byte> record = text[(space + 1)..((int)length - 1)];
            text = text[(int)length..];
            int equals = record.IndexOf((byte)'=');
            if (equals < 1)
                throw TarNumber.Damaged("holds a pax header that is none");
            records.Set(record[..equals], record[(equals + 1)..]);
        }

        return records;
    }

    private void Set(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (key.SequenceEqual("path"u8))
            Name ??= value.ToArray();
        else if (key.SequenceEqual("GNU.sparse.name"u8))
            Name = value.ToArray();
        else if (key.SequenceEqual("linkpath"u8))
            Link = value.ToArray();
        else if (key.SequenceEqual("size"u8))
            Size = TarNumber.ParseDecimal(value);
        else if (key.SequenceEqual("mtime"u8))
            Modified = TarNumber.ParseTime(value);
        else if (key.SequenceEqual("GNU.sparse.size"u8) || key.SequenceEqual("GNU.sparse.realsize"u8))
            RealSize = TarNumber.ParseDecimal(value);
        else if (key.SequenceEqual("GNU.sparse.major"u8))
            SparseInContent = value.SequenceEqual("1"u8);
        else if (key.SequenceEqual("GNU.sparse.offset"u8) || key.SequenceEqual("GNU.sparse.numbytes"u8))
            (Sparse ??= new SparseMap()).AddNumber(TarNumber.ParseDecimal(value));
        else if (key.SequenceEqual("GNU.sparse.map"u8))
            SetMap(value);
    }

    private void SetMap(ReadOnlySpan<byte> value)
    {
        Sparse = new SparseMap();
        while (!value.IsEmpty)
        {
            int comma = value.IndexOf((byte)',');
            Sparse.AddNumber(TarNumber.ParseDecimal(comma < 0 ? value : value[..comma]));
            value = comma < 0 ? default : value[(comma + 1)..];
        }
    }
}
