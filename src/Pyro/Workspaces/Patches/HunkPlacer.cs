using System.Buffers;

namespace Pyro.Workspaces.Patches;

/// <summary>
/// Finds where the hunks of a file belong, and makes the new text. A hunk belongs where its header says if its lines are
/// there, else at the one place not further than <see cref="MostOffset"/> lines away (anywhere, if the header does not say)
/// that has them. If there is none, lines are compared without their ends: files with CRLF, or without a newline at the
/// end, get patches made of the bare lines. No line is ever left out of the comparison.
/// </summary>
internal sealed class HunkPlacer
{
    /// <summary>Lines that a hunk may be away from where it should be.</summary>
    internal const int MostOffset = 1000;

    private readonly TextLines _text;
    private readonly bool _crlf;
    private readonly ArrayBufferWriter<byte> _result = new();
    private int _taken;
    private int _shift;
    private long _budget;
    private bool _bare;
    private bool _open;
    private Mismatch _mismatch;

    private HunkPlacer(ReadOnlyMemory<byte> content, long budget)
    {
        _text = new TextLines(content);
        _crlf = content.Span.Count("\r\n"u8) > _text.Count / 2;
        _budget = budget;
    }

    /// <summary>The text with the hunks in it.</summary>
    /// <param name="content">The old text.</param>
    /// <param name="hunks">Its hunks in order.</param>
    /// <param name="budget">Comparisons that may be made, less those made.</param>
    /// <param name="hunk">The hunk that has no place, and why.</param>
    internal static byte[]? TryApply(ReadOnlyMemory<byte> content, IReadOnlyList<Hunk> hunks, ref long budget, out (int Number, string Reason) hunk)
    {
        var placer = new HunkPlacer(content, budget);
        hunk = default;
        foreach (Hunk next in hunks)
        {
            if (placer.Place(next) is not { } reason)
                continue;
            hunk = (next.Number, reason);
            break;
        }

        budget = placer._budget;
        if (hunk.Number != 0)
            return null;
        placer.Keep(placer._text.Count);
        return placer._result.WrittenSpan.ToArray();
    }

    /// <returns>Why not, or null.</returns>
    private string? Place(Hunk hunk)
    {
        string? reason = Find(hunk, out int position);
        if (reason is not null)
            return reason;
        if (hunk.OldStart >= 0)
            _shift = position - FirstLine(hunk);
        Keep(position);
        foreach (HunkLine line in hunk.Lines)
        {
            if (line.Kind == HunkLineKind.Added)
                Add(line.Text.Span);
            else if (line.Kind == HunkLineKind.Context)
                Keep(_taken + 1);
            else
                _taken++;
        }

        return null;
    }

    private void Keep(int end)
    {
        if (end > _taken)
            Emit(_text.Between(_taken, end).Span);
        _taken = end;
    }

    private void Add(ReadOnlySpan<byte> line)
    {
        bool whole = line.EndsWith("\n"u8);
        Emit(_bare ? Bare(line) : line);
        if (_bare && whole)
            Emit(_crlf ? "\r\n"u8 : "\n"u8, continues: true);
    }

    /// <summary>Nothing is ever joined to a line that was the last and had no newline.</summary>
    private void Emit(ReadOnlySpan<byte> bytes, bool continues = false)
    {
        if (_open && !continues)
            _result.Write(_crlf ? "\r\n"u8 : "\n"u8);
        _result.Write(bytes);
        _open = !bytes.EndsWith("\n"u8);
    }

    private static int FirstLine(Hunk hunk) => hunk.TakesLines ? Math.Max(0, hunk.OldStart - 1) : hunk.OldStart;

    private string? Find(Hunk hunk, out int position)
    {
        position = hunk.OldStart >= 0 ? FirstLine(hunk) + _shift : _taken;
        if (!hunk.TakesLines)
        {
            if (hunk.OldStart < 0 && _text.Count > 0)
                return "it has no lines to find its place by, and its header has no number";
            return position >= _taken && position <= _text.Count ? null : $"it adds after line {hunk.OldStart}; the file has {_text.Count} lines";
        }

        _mismatch = default;
        foreach (bool bare in (ReadOnlySpan<bool>)[false, true])
        {
            _bare = bare;
            if (hunk.OldStart >= 0 && Matches(hunk, position))
                return null;
            List<int> places = Search(hunk, position);
            if (_budget < 0)
                return "the file and the hunk are too alike in too many places to find its own";
            if (places.Count > 1)
                return $"it fits in more than one place, as at lines {places[0] + 1} and {places[1] + 1}; give more lines around it";
            if (places.Count == 1)
            {
                position = places[0];
                return null;
            }
        }

        return Missing(hunk, position);
    }

    private List<int> Search(Hunk hunk, int around)
    {
        int first = hunk.OldStart >= 0 ? Math.Max(_taken, around - MostOffset) : _taken;
        int last = hunk.OldStart >= 0 ? Math.Min(_text.Count, around + MostOffset) : _text.Count;
        var places = new List<int>();
        for (int position = first; position <= last && places.Count < 2 && _budget >= 0; position++)
        {
            if (Matches(hunk, position))
                places.Add(position);
        }

        return places;
    }

    private bool Matches(Hunk hunk, int position)
    {
        if (position < _taken || position > _text.Count)
            return false;
        for (int i = 0; i < hunk.Old.Length; i++)
        {
            ReadOnlySpan<byte> wanted = hunk.Old[i].Text.Span;
            _budget -= 1 + (wanted.Length / 64);
            if (position + i < _text.Count && Same(_text[position + i], wanted) && _budget >= 0)
                continue;
            if (_mismatch.Matched < i || _mismatch.Wanted.IsEmpty)
                _mismatch = new Mismatch(i, position + i, hunk.Old[i].Text);
            return false;
        }

        return true;
    }

    private bool Same(ReadOnlySpan<byte> found, ReadOnlySpan<byte> wanted) => _bare ? Bare(found).SequenceEqual(Bare(wanted)) : found.SequenceEqual(wanted);

    private static ReadOnlySpan<byte> Bare(ReadOnlySpan<byte> line)
    {
        if (line.EndsWith("\n"u8))
            line = line[..^1];
        return line.EndsWith("\r"u8) ? line[..^1] : line;
    }

    private string Missing(Hunk hunk, int position)
    {
        if (_text.Count == 0)
            return "the file is empty";
        if (_mismatch.Wanted.IsEmpty)
            return position < _taken ? "it lies before the end of the hunk before it" : $"line {position + 1} is behind the end of the file, which has {_text.Count}";
        string found = _mismatch.Line < _text.Count ? Excerpt.Of(_text[_mismatch.Line]) : "the end of the file";
        string where = hunk.OldStart < 0 ? "where most of it fits" : $"it belongs at line {hunk.OldStart}";
        return $"its lines are not there ({where}): at line {_mismatch.Line + 1} expected {Excerpt.Of(_mismatch.Wanted.Span)}, found {found}";
    }

    /// <summary>Where most lines of the hunk were there, and the first that was not.</summary>
    private readonly record struct Mismatch(int Matched, int Line, ReadOnlyMemory<byte> Wanted);
}
