namespace Pyro.Workspaces.Patches;

/// <summary>
/// Tells which of the deleted files became which of the added ones: equal content first, then, if there are few, content
/// that is half the same. Empty files are nobody's.
/// </summary>
internal static class RenameMatcher
{
    /// <summary>Pairs that are compared for likeness; beyond that only equal content is a rename.</summary>
    private const int MostPairs = 2500;

    /// <summary>Bytes of files that are compared for likeness.</summary>
    private const int MostBytes = 1024 * 1024;

    private const int LeastPercent = 50;

    /// <summary>Indices of a deleted and an added file, in the order of the added ones.</summary>
    internal static List<(int Deleted, int Added)> Match(IReadOnlyList<(string Path, FileState State)> deleted, IReadOnlyList<(string Path, FileState State)> added)
    {
        var renames = new List<(int Deleted, int Added)>();
        bool[] freeDeleted = Which(deleted, static (file, _) => IsCandidate(file));
        bool[] freeAdded = Which(added, static (file, _) => IsCandidate(file));
        MatchEqual(deleted, added, freeDeleted, freeAdded, renames);
        freeDeleted = Which(deleted, (file, i) => freeDeleted[i] && IsComparable(file));
        freeAdded = Which(added, (file, i) => freeAdded[i] && IsComparable(file));
        if ((long)freeDeleted.AsSpan().Count(true) * freeAdded.AsSpan().Count(true) <= MostPairs)
            MatchAlike(deleted, added, freeDeleted, freeAdded, renames);
        renames.Sort((a, b) => a.Added.CompareTo(b.Added));
        return renames;
    }

    private static bool[] Which(IReadOnlyList<(string Path, FileState State)> files, Func<FileState, int, bool> condition)
    {
        bool[] which = new bool[files.Count];
        for (int i = 0; i < which.Length; i++)
            which[i] = condition(files[i].State, i);
        return which;
    }

    private static bool IsCandidate(FileState state) => state.Kind == EntryKind.File && state.Content is { Length: > 0 };

    private static bool IsComparable(FileState state) => state.Content!.Value.Length <= MostBytes && state.IsText;

    private static void MatchEqual(
        IReadOnlyList<(string Path, FileState State)> deleted,
        IReadOnlyList<(string Path, FileState State)> added,
        bool[] freeDeleted,
        bool[] freeAdded,
        List<(int Deleted, int Added)> renames)
    {
        // Of files with the same content those first that keep their name, then in the order of paths.
        var byContent = new Dictionary<ReadOnlyMemory<byte>, List<int>>(ContentComparer.Instance);
        for (int i = 0; i < freeDeleted.Length; i++)
        {
            if (!freeDeleted[i])
                continue;
            ReadOnlyMemory<byte> content = deleted[i].State.Content!.Value;
            if (!byContent.TryGetValue(content, out List<int>? same))
                byContent.Add(content, same = []);
            same.Add(i);
        }

        foreach (bool sameName in (ReadOnlySpan<bool>)[true, false])
        {
            for (int i = 0; i < freeAdded.Length; i++)
            {
                if (!freeAdded[i] || !byContent.TryGetValue(added[i].State.Content!.Value, out List<int>? same))
                    continue;
                int at = sameName ? same.FindIndex(old => Path.GetFileName(deleted[old].Path) == Path.GetFileName(added[i].Path)) : same.Count - 1;
                if (at < 0)
                    continue;
                renames.Add((same[at], i));
                freeDeleted[same[at]] = false;
                freeAdded[i] = false;
                same.RemoveAt(at);
            }
        }
    }

    private static void MatchAlike(
        IReadOnlyList<(string Path, FileState State)> deleted,
        IReadOnlyList<(string Path, FileState State)> added,
        bool[] freeDeleted,
        bool[] freeAdded,
        List<(int Deleted, int Added)> renames)
    {
        var oldBags = new LineBag?[deleted.Count];
        for (int d = 0; d < oldBags.Length; d++)
            oldBags[d] = freeDeleted[d] ? new LineBag(deleted[d].State.Content!.Value) : null;
        var pairs = new List<(int Percent, int Deleted, int Added)>();
        for (int a = 0; a < freeAdded.Length; a++)
        {
            if (!freeAdded[a])
                continue;
            var bag = new LineBag(added[a].State.Content!.Value);
            for (int d = 0; d < oldBags.Length; d++)
            {
                int percent = oldBags[d]?.PercentIn(bag) ?? 0;
                if (percent >= LeastPercent)
                    pairs.Add((percent, d, a));
            }
        }

        pairs.Sort((x, y) => (-x.Percent, x.Added, x.Deleted).CompareTo((-y.Percent, y.Added, y.Deleted)));
        foreach ((int _, int d, int a) in pairs)
        {
            if (!freeDeleted[d] || !freeAdded[a])
                continue;
            renames.Add((d, a));
            freeDeleted[d] = false;
            freeAdded[a] = false;
        }
    }

    private sealed class ContentComparer : IEqualityComparer<ReadOnlyMemory<byte>>
    {
        internal static readonly ContentComparer Instance = new();

        public bool Equals(ReadOnlyMemory<byte> x, ReadOnlyMemory<byte> y) => x.Span.SequenceEqual(y.Span);

        public int GetHashCode(ReadOnlyMemory<byte> obj)
        {
            var hash = default(HashCode);
            hash.AddBytes(obj.Span);
            return hash.ToHashCode();
        }
    }
}
