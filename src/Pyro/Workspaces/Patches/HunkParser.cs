namespace Pyro.Workspaces.Patches;

/// <summary>Reads one hunk.</summary>
internal static class HunkParser
{
    /// <summary>Reads the hunk whose header is at a line, and moves behind it.</summary>
    internal static Hunk Read(TextLines lines, ref int line, int number)
    {
        int header = line;
        bool numbered = TryReadHeader(lines[header], header, out int oldStart, out int oldCount, out int newCount);
        if (!(numbered && TryCount(lines, header + 1, oldCount, newCount, out int end)))
            end = Scan(lines, header + 1);
        List<HunkLine> body = Body(lines, header + 1, end);
        if (body.Count == 0)
            throw PatchErrors.Invalid(header, "a hunk without lines");
        line = end;
        return new Hunk(number, numbered ? oldStart : -1, body);
    }

    /// <returns>False for a header without numbers, as <c>@@</c> or <c>@@ ... @@</c>.</returns>
    private static bool TryReadHeader(ReadOnlySpan<byte> text, int line, out int oldStart, out int oldCount, out int newCount)
    {
        (oldStart, oldCount, newCount) = (-1, 0, 0);
        if (!text.StartsWith("@@ -"u8))
            return false;
        text = text[4..];
        if (!TryReadRange(ref text, line, out oldStart, out oldCount))
            return false;
        text = text.TrimStart((byte)' ');
        if (text.Length == 0 || text[0] != '+')
            return false;
        text = text[1..];
        return TryReadRange(ref text, line, out _, out newCount);
    }

    private static bool TryReadRange(ref ReadOnlySpan<byte> text, int line, out int start, out int count)
    {
        count = 1;
        if (!TryReadNumber(ref text, line, out start))
            return false;
        if (text.Length == 0 || text[0] != ',')
            return true;
        text = text[1..];
        return TryReadNumber(ref text, line, out count);
    }

    private static bool TryReadNumber(ref ReadOnlySpan<byte> text, int line, out int number)
    {
        number = 0;
        int digits = 0;
        while (digits < text.Length && text[digits] is >= (byte)'0' and <= (byte)'9')
        {
            if (number > PatchParser.MostBytes)
                throw PatchErrors.Invalid(line, "a line number that no file has");
            number = (number * 10) + (text[digits++] - '0');
        }

        text = text[digits..];
        return digits > 0;
    }

    /// <summary>The body's end if the header's counts are right: so many lines, and no line of a hunk behind them.</summary>
    private static bool TryCount(TextLines lines, int start, int oldCount, int newCount, out int end)
    {
        for (end = start; end < lines.Count && (oldCount > 0 || newCount > 0 || lines[end][0] == '\\'); end++)
        {
            switch (lines[end][0])
            {
                case (byte)' ' or (byte)'\n' or (byte)'\r':
                    (oldCount, newCount) = (oldCount - 1, newCount - 1);
                    break;
                case (byte)'-':
                    oldCount--;
                    break;
                case (byte)'+':
                    newCount--;
                    break;
                case (byte)'\\':
                    break;
                default:
                    return false;
            }

            if (oldCount < 0 || newCount < 0)
                return false;
        }

        return oldCount == 0 && newCount == 0 && (end == lines.Count || !(lines[end][0] is (byte)' ' or (byte)'+' or (byte)'-') || Ends(lines, end));
    }

    /// <summary>The body's end if its lines are all there is to go by.</summary>
    private static int Scan(TextLines lines, int start)
    {
        int end = start;
        while (end < lines.Count && lines[end][0] is (byte)' ' or (byte)'+' or (byte)'-' or (byte)'\\' or (byte)'\n' or (byte)'\r' && !Ends(lines, end))
            end++;
        // Blank lines at the end are what follows a patch rather than context that lost its blank.
        while (end > start && lines[end - 1].Trim("\r\n"u8).IsEmpty)
            end--;
        return end;
    }

    /// <summary>Whether a line that looks like a removed one is the next file's header, or the signature that mail ends with.</summary>
    private static bool Ends(TextLines lines, int line)
    {
        if (lines[line].TrimEnd("\r\n"u8).SequenceEqual("-- "u8))
            return line + 2 >= lines.Count || !(lines[line + 1][0] is (byte)' ' or (byte)'+' or (byte)'-' or (byte)'@');
        return PatchParser.IsPlainHeader(lines, line) && (line + 2 == lines.Count || lines[line + 2].StartsWith("@@"u8));
    }

    private static List<HunkLine> Body(TextLines lines, int start, int end)
    {
        var body = new List<HunkLine>(end - start);
        for (int i = start; i < end; i++)
        {
            ReadOnlyMemory<byte> text = lines.Between(i, i + 1);
            byte first = text.Span[0];
            if (first == '\\')
            {
                if (body.Count == 0)
                    throw PatchErrors.Invalid(i, "it says \"no newline\" of no line");
                HunkLine last = body[^1];
                body[^1] = last with { Text = last.Text.Span.EndsWith("\n"u8) ? last.Text[..^1] : last.Text };
                continue;
            }

            HunkLineKind kind = first == '+' ? HunkLineKind.Added : first == '-' ? HunkLineKind.Removed : HunkLineKind.Context;
            // Context that is blank may have lost the blank that it begins with.
            if (first is (byte)'+' or (byte)'-' or (byte)' ')
                text = text[1..];
            // Only the patch's own last line can be without an end, and says nothing by it.
            body.Add(new HunkLine(kind, text.Span.EndsWith("\n"u8) ? text : (byte[])[.. text.Span, (byte)'\n']));
        }

        return body;
    }
}
