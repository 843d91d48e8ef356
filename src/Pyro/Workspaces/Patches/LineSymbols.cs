namespace Pyro.Workspaces.Patches;

/// <summary>Gives equal lines of two texts equal numbers, so that lines are compared by number from then on.</summary>
internal sealed class LineSymbols
{
    private readonly TextLines[] _texts;
    private readonly int[] _buckets;
    private readonly List<Symbol> _symbols = [];

    private LineSymbols(TextLines old, TextLines @new)
    {
        _texts = [old, @new];
        // At most as many symbols as lines: chains stay short, and the hash is seeded anew in each process, so nobody
        // can choose lines that share one.
        _buckets = new int[(int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, old.Count + @new.Count))];
        Old = Number(0);
        New = Number(1);
    }

    internal int[] Old { get; }

    internal int[] New { get; }

    internal int Count => _symbols.Count;

    internal static LineSymbols Of(TextLines old, TextLines @new) => new(old, @new);

    private int[] Number(int text)
    {
        var numbers = new int[_texts[text].Count];
        for (int line = 0; line < numbers.Length; line++)
            numbers[line] = NumberOf(text, line);
        return numbers;
    }

    private int NumberOf(int text, int line)
    {
        ReadOnlySpan<byte> content = _texts[text][line];
        var hasher = new HashCode();
        hasher.AddBytes(content);
        int hash = hasher.ToHashCode();
        ref int bucket = ref _buckets[hash & (_buckets.Length - 1)];
        for (int i = bucket - 1; i >= 0; i = _symbols[i].Next)
        {
            Symbol symbol = _symbols[i];
            if (symbol.Hash == hash && _texts[symbol.Text][symbol.Line].SequenceEqual(content))
                return i;
        }

        _symbols.Add(new Symbol(hash, text, line, bucket - 1));
        bucket = _symbols.Count;
        return _symbols.Count - 1;
    }

    private readonly record struct Symbol(int Hash, int Text, int Line, int Next);
}
