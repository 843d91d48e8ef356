namespace Pyro.Workspaces.Patches;

/// <summary>A text cut into lines. A line has its end with it (LF, or CR and LF); only the last may be without.</summary>
internal sealed class TextLines
{
    private readonly ReadOnlyMemory<byte> _text;
    private readonly int[] _ends;

    internal TextLines(ReadOnlyMemory<byte> text)
    {
        _text = text;
        ReadOnlySpan<byte> bytes = text.Span;
        int whole = bytes.Count((byte)'\n');
        bool open = bytes.Length > 0 && bytes[^1] != '\n';
        _ends = new int[whole + (open ? 1 : 0)];
        int end = 0;
        for (int i = 0; i < whole; i++)
            _ends[i] = end += bytes[end..].IndexOf((byte)'\n') + 1;
        if (open)
            _ends[^1] = bytes.Length;
    }

    internal static TextLines None { get; } = new(ReadOnlyMemory<byte>.Empty);

    internal int Count => _ends.Length;

    /// <summary>A line with its end.</summary>
    internal ReadOnlySpan<byte> this[int line] => _text.Span[StartOf(line).._ends[line]];

    /// <summary>Lines with their ends, as they stand in the text.</summary>
    internal ReadOnlyMemory<byte> Between(int first, int end) => _text[StartOf(first)..StartOf(end)];

    private int StartOf(int line) => line == 0 ? 0 : _ends[line - 1];
}
