namespace Pyro.Workspaces.Patches;

/// <summary>What stands in a patch before a file's hunks.</summary>
/// <param name="line">Where it begins.</param>
internal sealed class PatchHeader(int line)
{
    // What diff -u is often given the old file as.
    private static readonly string[] BackupEndings = [".orig", ".bak", ".old", "~"];

    private (string Old, string New)? _gitNames;
    private bool _isGit;
    private bool _isNew;
    private bool _isDeleted;
    private int? _oldMode;
    private int? _newMode;
    private string? _from;
    private string? _to;
    private bool _isCopy;

    /// <summary>The name behind <c>---</c>.</summary>
    internal string? OldName { get; set; }

    /// <summary>The name behind <c>+++</c>.</summary>
    internal string? NewName { get; set; }

    internal static bool IsBinary(ReadOnlySpan<byte> line)
        => line.StartsWith("GIT binary patch"u8) || (line.StartsWith("Binary files "u8) && line.TrimEnd("\r\n"u8).EndsWith(" differ"u8));

    /// <summary>Reads git's header up to the names.</summary>
    internal static PatchHeader ReadGit(TextLines lines, ref int line)
    {
        var header = new PatchHeader(line) { _isGit = true, _gitNames = PatchNames.InGitLine(lines[line]["diff --git "u8.Length..], line) };
        for (line++; line < lines.Count; line++)
        {
            if (!header.TryReadExtended(lines[line], line))
                break;
        }

        return header;
    }

    internal FilePatch ToFilePatch(IReadOnlyList<Hunk> hunks)
    {
        (string old, string @new) = Paths();
        PatchAction action =
            _from is not null ? (_isCopy ? PatchAction.Copy : PatchAction.Rename) :
            _isNew || OldName == PatchNames.Nothing ? PatchAction.Create :
            _isDeleted || NewName == PatchNames.Nothing ? PatchAction.Delete :
            PatchAction.Modify;
        bool does = hunks.Count > 0 || _from is not null || _isNew || _isDeleted || (_newMode is not null && _oldMode != _newMode);
        if (!does)
            throw PatchErrors.Invalid(line, $"nothing follows that changes {Excerpt.Of(@new)}; a hunk begins with @@");
        return new FilePatch(action, old, @new, _oldMode, _newMode, hunks);
    }

    private bool TryReadExtended(ReadOnlySpan<byte> text, int at)
    {
        if (IsBinary(text))
            throw PatchErrors.Invalid(at, $"{Excerpt.Of(_gitNames?.New ?? "a file")} is patched as binary; only text can be");
        if (Value(text, "old mode "u8, out ReadOnlySpan<byte> value))
            _oldMode = Mode(value, at);
        else if (Value(text, "new mode "u8, out value))
            _newMode = Mode(value, at);
        else if (Value(text, "new file mode "u8, out value))
            (_isNew, _newMode) = (true, Mode(value, at));
        else if (Value(text, "deleted file mode "u8, out value))
            (_isDeleted, _oldMode) = (true, Mode(value, at));
        else if (Value(text, "rename from "u8, out value))
            _from = PatchNames.InHeader(value, at);
        else if (Value(text, "rename to "u8, out value))
            _to = PatchNames.InHeader(value, at);
        else if (Value(text, "copy from "u8, out value))
            (_from, _isCopy) = (PatchNames.InHeader(value, at), true);
        else if (Value(text, "copy to "u8, out value))
            _to = PatchNames.InHeader(value, at);
        else
            return text.StartsWith("index "u8) || text.StartsWith("similarity index "u8) || text.StartsWith("dissimilarity index "u8);
        return true;
    }

    private static bool Value(ReadOnlySpan<byte> text, ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value)
    {
        bool found = text.StartsWith(key);
        value = found ? text[key.Length..] : default;
        return found;
    }

    private static int Mode(ReadOnlySpan<byte> text, int at)
    {
        int mode = 0;
        text = text.TrimEnd(" \r\n"u8);
        foreach (byte digit in text)
            mode = digit is >= (byte)'0' and <= (byte)'7' && text.Length <= 6 ? (mode << 3) | (digit - '0') : throw PatchErrors.Invalid(at, "a mode is not octal");
        return (mode & 0xf000) is 0x8000 or 0xa000 ? mode : throw PatchErrors.Invalid(at, "a mode is neither a file's (100644) nor a link's (120000)");
    }

    private (string Old, string New) Paths()
    {
        if ((_from is null) != (_to is null))
            throw PatchErrors.Invalid(line, "a rename or copy has only one of its two names");
        if (_from is not null)
            return (Path(_from), Path(_to!));

        (string old, string @new) = (OldName, NewName) is ({ } o, { } n) ? (o, n) : _gitNames
            ?? throw PatchErrors.Invalid(line, "the file's name cannot be told; add lines --- and +++");
        bool prefixed = _isGit && _gitNames is { } git ? PatchNames.ArePrefixed(git.Old, git.New) : PatchNames.ArePrefixed(old, @new);
        if (prefixed)
            (old, @new) = (WithoutPrefix(old), WithoutPrefix(@new));
        if (old == PatchNames.Nothing && @new == PatchNames.Nothing)
            throw PatchErrors.Invalid(line, "it names no file");
        if (old == PatchNames.Nothing)
            return (Path(@new), Path(@new));
        if (@new == PatchNames.Nothing)
            return (Path(old), Path(old));
        (old, @new) = (Path(old), Path(@new));
        if (old != @new && !BackupEndings.Any(ending => old == @new + ending))
            throw PatchErrors.Invalid(line, $"it names two files, {Excerpt.Of(old)} and {Excerpt.Of(@new)}; a rename has lines `rename from` and `rename to`");
        return (@new, @new);
    }

    private static string WithoutPrefix(string name) => name != PatchNames.Nothing && PatchNames.IsPrefixed(name) ? name[2..] : name;

    private static string Path(string name) => PatchPath.TryNormalize(name, out string path) ? path : throw PatchErrors.OutsideWorkspace(name);
}
