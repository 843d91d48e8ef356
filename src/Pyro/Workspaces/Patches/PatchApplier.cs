namespace Pyro.Workspaces.Patches;

/// <summary>
/// Works out what a patch makes of a tree. Nothing is changed here: either all of the patch fits, and the changes are
/// given out, or none are. Sections mean what they mean to git: renames and copies read the tree as it was, others what
/// sections before them made of it.
/// </summary>
internal sealed class PatchApplier
{
    /// <summary>Lines compared for one patch at most; a second or so.</summary>
    private const long Budget = 200_000_000;

    private readonly Func<string, FileState?> _tree;
    private readonly Dictionary<string, FileState?> _made = new(StringComparer.Ordinal);
    private readonly HashSet<string> _leaving;
    private readonly List<(string From, string To)> _renames = [];
    private readonly Dictionary<string, int> _touched = new(StringComparer.Ordinal);
    private long _budget = Budget;

    private PatchApplier(IReadOnlyList<FilePatch> patch, Func<string, FileState?> tree)
    {
        _tree = tree;
        _leaving = [.. patch.Where(file => file.Action is PatchAction.Delete or PatchAction.Rename).Select(file => file.OldPath)];
    }

    /// <summary>The paths that have to be known to apply a patch, in the order of the patch.</summary>
    internal static IReadOnlyList<string> PathsOf(IReadOnlyList<FilePatch> patch)
        => [.. patch.SelectMany(file => (string[])[file.OldPath, file.NewPath]).Distinct(StringComparer.Ordinal)];

    /// <summary>The changes: deletions, renames, writes, modes.</summary>
    /// <param name="patch">The patch.</param>
    /// <param name="tree">What a path names, or null.</param>
    /// <exception cref="PyroException">It does not fit; the message names files, hunks and reasons.</exception>
    internal static IReadOnlyList<PatchEdit> Apply(IReadOnlyList<FilePatch> patch, Func<string, FileState?> tree)
    {
        var applier = new PatchApplier(patch, tree);
        var rejections = new List<PatchRejection>();
        foreach (FilePatch file in patch)
        {
            if (applier.Apply(file) is { } rejection)
                rejections.Add(rejection);
        }

        return rejections.Count == 0 ? applier.Edits() : throw PatchErrors.Rejected(rejections);
    }

    private PatchRejection? Apply(FilePatch file)
    {
        PatchRejection Rejection(string reason, int hunk = 0) => new(file.NewPath, hunk, reason);

        bool reads = file.Action != PatchAction.Create;
        FileState? old = file.Action is PatchAction.Rename or PatchAction.Copy ? _tree(file.OldPath) : Now(file.OldPath);
        // Some tools write a new file's patch without /dev/null: all of it is added, to line 0.
        if (old is null && file is { Action: PatchAction.Modify, Hunks: [{ OldStart: 0, TakesLines: false }] })
            reads = false;
        if (reads && WhyUnreadable(old) is { } why)
            return Rejection(why);
        if (!reads && old is not null && !_leaving.Contains(file.OldPath))
            return Rejection("it is to be made, and is there already");
        if (file.NewPath != file.OldPath && Now(file.NewPath) is not null && (_made.ContainsKey(file.NewPath) || !_leaving.Contains(file.NewPath)))
            return Rejection($"{Excerpt.Of(file.OldPath)} is to become it, and it is there already");
        if (reads && file.OldMode is { } mode && (mode & 0xf000) != (old!.GitMode & 0xf000))
            return Rejection(old.Kind == EntryKind.Symlink ? "it is a link, the patch takes it for a file" : "it is a file, the patch takes it for a link");

        ReadOnlyMemory<byte> before = reads ? old!.Content!.Value : ReadOnlyMemory<byte>.Empty;
        if (file.Hunks.Count > 0 && !FileState.IsTextual(before.Span))
            return Rejection("it is not text (UTF-8 without NUL)");
        if (HunkPlacer.TryApply(before, file.Hunks, ref _budget, out (int Number, string Reason) hunk) is not { } after)
            return Rejection(hunk.Reason, hunk.Number);
        if (file.Action == PatchAction.Delete && after.Length > 0)
            return Rejection($"it is to be deleted, and holds {new TextLines(after).Count} lines that the patch does not show");

        Record(file, old, reads, after);
        return null;
    }

    private void Record(FilePatch file, FileState? old, bool reads, byte[] after)
    {
        Touch(file.OldPath);
        if (file.NewPath != file.OldPath)
            Touch(file.NewPath);
        if (file.Action == PatchAction.Delete)
        {
            _made[file.OldPath] = null;
            return;
        }

        if (file.Action == PatchAction.Rename)
        {
            _renames.Add((file.OldPath, file.NewPath));
            // Another section may have made something new there by now.
            _made.TryAdd(file.OldPath, null);
        }

        bool link = file.NewMode is { } type ? (type & 0xf000) == 0xa000 : reads && old!.Kind == EntryKind.Symlink;
        if (link)
            _made[file.NewPath] = FileState.OfLink(after.AsSpan().EndsWith("\n"u8) ? after.AsMemory(0, after.Length - 1) : after);
        else
            _made[file.NewPath] = FileState.OfFile(after, file.NewMode is { } mode ? mode & 0xfff : reads ? old!.Mode : 0x1a4);
    }

    private static string? WhyUnreadable(FileState? old) => old switch
    {
        null => "there is no such file",
        { Kind: EntryKind.Directory } => "it is a folder",
        { Kind: EntryKind.Special } => "it is no regular file",
        { Content: null } => $"it is too large to be patched ({old.Size:N0} bytes)",
        _ => null,
    };

    private FileState? Now(string path) => _made.TryGetValue(path, out FileState? made) ? made : _tree(path);

    private void Touch(string path) => _touched[path] = _touched.GetValueOrDefault(path) + 1;

    private List<PatchEdit> Edits()
    {
        var deletes = new List<PatchEdit>();
        var renames = new List<PatchEdit>();
        var writes = new List<PatchEdit>();
        var modes = new List<PatchEdit>();
        Dictionary<string, FileState?> before = _made.Keys.ToDictionary(path => path, _tree, StringComparer.Ordinal);
        foreach ((string from, string to) in _renames)
        {
            // A rename that another section has to do with is told by what is there in the end.
            if (_touched[from] != 1 || _touched[to] != 1 || before[to] is not null)
                continue;
            renames.Add(new PatchEdit.Rename(from, to));
            (before[to], before[from]) = (before[from], null);
        }

        foreach (string path in _made.Keys.Order(StringComparer.Ordinal))
        {
            FileState? was = before[path];
            FileState? @is = _made[path];
            if (@is is null)
            {
                if (was is not null)
                    deletes.Add(new PatchEdit.Delete(path));
            }
            else if (was is null || was.Kind != @is.Kind || !was.Content!.Value.Span.SequenceEqual(@is.Content!.Value.Span))
            {
                writes.Add(new PatchEdit.Write(path, @is));
            }
            else if (was.GitMode != @is.GitMode)
            {
                modes.Add(new PatchEdit.SetMode(path, @is.Mode));
            }
        }

        return [.. deletes, .. renames, .. writes, .. modes];
    }
}
