namespace Pyro.Trees.Tar;

/// <summary>The parts of a sparse file, as an archive tells them one by one.</summary>
internal sealed class SparseMap
{
    private const int MostParts = 65_536;
    private readonly List<SparsePart> _parts = [];
    private long? _offset;

    internal IReadOnlyList<SparsePart> Parts => _parts;

    internal void Add(long offset, long length)
    {
        long end = _parts.Count == 0 ? 0 : _parts[^1].Offset + _parts[^1].Length;
        if (offset < end || length < 0 || offset > long.MaxValue - length || _parts.Count == MostParts)
            throw TarNumber.Damaged("holds a sparse file whose parts make no sense");
        _parts.Add(new SparsePart(offset, length));
    }

    /// <summary>The next number of a list in which offsets and lengths take turns.</summary>
    internal void AddNumber(long number)
    {
        if (_offset is { } offset)
            Add(offset, number);
        _offset = _offset is null ? number : null;
    }

    /// <summary>Throws unless the parts are what is stored of a file of this size.</summary>
    internal void Check(long stored, long size)
    {
        long sum = 0;
        foreach (SparsePart part in _parts)
            sum += part.Length;
        if (_offset is not null || sum != stored || (_parts.Count > 0 && _parts[^1].Offset + _parts[^1].Length > size))
            throw TarNumber.Damaged("holds a sparse file whose parts make no sense");
    }
}
