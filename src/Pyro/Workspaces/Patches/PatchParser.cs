using System.Text;

namespace Pyro.Workspaces.Patches;

/// <summary>
/// Reads unified diffs as people, programs and models write them: git's or bare headers, prose and fences around them,
/// CRLF, lost blanks at ends, counts in hunk headers that are wrong. What could be read in two ways is refused.
/// </summary>
internal sealed class PatchParser
{
    /// <summary>The largest patch, in bytes of UTF-8.</summary>
    internal const int MostBytes = 16 * 1024 * 1024;

    /// <summary>The most files in one patch.</summary>
    internal const int MostFiles = 10_000;

    private readonly TextLines _lines;
    private readonly List<FilePatch> _files = [];
    private int _line;

    private PatchParser(TextLines lines) => _lines = lines;

    /// <summary>Reads a patch.</summary>
    /// <exception cref="PyroException">It is too large, no patch, or names a path outside the workspace.</exception>
    internal static IReadOnlyList<FilePatch> Parse(string text)
    {
        if (text.Length > MostBytes || Encoding.UTF8.GetByteCount(text) > MostBytes)
            throw PatchErrors.TooLarge("it is too long, in bytes", MostBytes);
        return Parse(Encoding.UTF8.GetBytes(text));
    }

    /// <summary>The same of UTF-8.</summary>
    internal static IReadOnlyList<FilePatch> Parse(ReadOnlyMemory<byte> text)
    {
        if (text.Length > MostBytes)
            throw PatchErrors.TooLarge("it is too long, in bytes", MostBytes);
        if (!FileState.IsTextual(text.Span))
            throw PatchErrors.Invalid(-1, "it is not UTF-8, or holds a NUL");
        var parser = new PatchParser(WithoutTransportCr(new TextLines(text)));
        parser.ReadFiles();
        return parser._files;
    }

    /// <summary>Where headers end in CR and LF, all lines do because of the way that the patch came; else CR is content.</summary>
    private static TextLines WithoutTransportCr(TextLines lines)
    {
        int header = 0;
        while (header < lines.Count && !lines[header].StartsWith("diff --git "u8) && !IsPlainHeader(lines, header))
            header++;
        if (header == lines.Count || !lines[header].EndsWith("\r\n"u8))
            return lines;
        var text = new MemoryStream();
        for (int i = 0; i < lines.Count; i++)
        {
            ReadOnlySpan<byte> line = lines[i];
            text.Write(line.EndsWith("\r\n"u8) ? line[..^2] : line);
            if (line.EndsWith("\r\n"u8))
                text.WriteByte((byte)'\n');
        }

        return new TextLines(text.ToArray());
    }

    private void ReadFiles()
    {
        while (_line < _lines.Count)
        {
            ReadOnlySpan<byte> line = _lines[_line];
            if (line.StartsWith("diff --git "u8))
                ReadFile(PatchHeader.ReadGit(_lines, ref _line));
            else if (IsPlainHeader(_lines, _line))
                ReadFile(new PatchHeader(_line));
            else if (line.StartsWith("@@ -"u8))
                throw PatchErrors.Invalid(_line, "a hunk before any file's header");
            else if (line.StartsWith("*** Begin Patch"u8))
                throw PatchErrors.Invalid(_line, "this is the format of apply_patch, not a unified diff");
            else if (PatchHeader.IsBinary(line))
                throw PatchErrors.Invalid(_line, "binary files cannot be patched");
            else
                _line++;
        }

        if (_files.Count == 0)
            throw PatchErrors.Invalid(-1, "it has no file header (--- and +++, or diff --git)");
    }

    private void ReadFile(PatchHeader header)
    {
        if (_files.Count == MostFiles)
            throw PatchErrors.TooLarge("it changes too many files", MostFiles);
        if (IsPlainHeader(_lines, _line))
        {
            header.OldName = PatchNames.InHeader(_lines[_line][4..], _line);
            header.NewName = PatchNames.InHeader(_lines[_line + 1][4..], _line + 1);
            _line += 2;
        }

        var hunks = new List<Hunk>();
        while (NextHunk() is { } at)
        {
            _line = at;
            hunks.Add(HunkParser.Read(_lines, ref _line, hunks.Count + 1));
        }

        _files.Add(header.ToFilePatch(hunks));
    }

    /// <summary>The next hunk's line; blank ones before it do not count.</summary>
    private int? NextHunk()
    {
        int line = _line;
        while (line < _lines.Count && _lines[line].Trim(" \r\n"u8).IsEmpty)
            line++;
        return line < _lines.Count && _lines[line].StartsWith("@@"u8) ? line : null;
    }

    internal static bool IsPlainHeader(TextLines lines, int line)
        => line + 1 < lines.Count && lines[line].StartsWith("--- "u8) && lines[line + 1].StartsWith("+++ "u8);
}
