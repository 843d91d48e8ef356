namespace Pyro.Workspaces.Patches;

/// <summary>The lines of a text without their order: enough to tell how much of one text is in another.</summary>
internal sealed class LineBag
{
    private readonly Dictionary<int, int> _bytesOf = [];
    private readonly int _length;

    internal LineBag(ReadOnlyMemory<byte> content)
    {
        _length = content.Length;
        var lines = new TextLines(content);
        for (int i = 0; i < lines.Count; i++)
        {
            var hash = default(HashCode);
            hash.AddBytes(lines[i]);
            int key = hash.ToHashCode();
            _bytesOf[key] = _bytesOf.GetValueOrDefault(key) + lines[i].Length;
        }
    }

    /// <summary>Bytes of lines that both have, in percent of the larger.</summary>
    internal int PercentIn(LineBag other)
    {
        long larger = Math.Max(_length, other._length);
        if (larger == 0 || Math.Min(_length, other._length) * 100L / larger < 1)
            return 0;
        long shared = 0;
        (LineBag fewer, LineBag more) = _bytesOf.Count <= other._bytesOf.Count ? (this, other) : (other, this);
        foreach ((int line, int bytes) in fewer._bytesOf)
            shared += Math.Min(bytes, more._bytesOf.GetValueOrDefault(line));
        return (int)(shared * 100 / larger);
    }
}
