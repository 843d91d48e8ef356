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
        var freeDeleted = new HashSet<int>(Enumerable.Range(0, deleted.Count).Where(i => IsCandidate(deleted[i].State)));
        var freeAdded = new HashSet<int>(Enumerable.Range(0, added.Count).Where(i => IsCandidate(added[i].State)));
        MatchEqual(deleted, added, freeDeleted, freeAdded, renames);
        freeDeleted.RemoveWhere(i => !IsComparable(deleted[i].State));
        freeAdded.RemoveWhere(i => !IsComparable(added[i].State));
        if ((long)freeDeleted.Count * freeAdded.Count <= MostPairs)
            MatchAlike(deleted, added, freeDeleted, freeAdded, renames);
        renames.Sort((a, b) => a.Added.CompareTo(b.Added));
        return renames;
    }

    private static bool IsCandidate(FileState state) => state.Kind == EntryKind.File && state.Content is { Length: > 0 };

    private static bool IsComparable(FileState state) => state.Content!.Value.Length <= MostBytes && state.IsText;

    private static void MatchEqual(
        IReadOnlyList<(string Path, FileState State)> deleted,
        IReadOnlyList<(string Path, FileState State)> added,
        HashSet<int> freeDeleted,
        HashSet<int> freeAdded,
        List<(int Deleted, int Added)> renames)
    {
        // Of files with the same content those first that keep their name, then in the order of paths.
        var byContent = new Dictionary<ReadOnlyMemory<byte>, List<int>>(ContentComparer.Instance);
        foreach (int i in freeDeleted.Order())
        {
            ReadOnlyMemory<byte> content = deleted[i].State.Content!.Value;
            if (!byContent.TryGetValue(content, out List<int>? same))
                byContent.Add(content, same = []);
            same.Add(i);
        }

        foreach (bool sameName in (ReadOnlySpan<bool>)[true, false])
        {
            foreach (int i in freeAdded.Order().ToArray())
            {
                if (!byContent.TryGetValue(added[i].State.Content!.Value, out List<int>? same))
                    continue;
                int at = sameName ? same.FindIndex(old => Path.GetFileName(deleted[old].Path) == Path.GetFileName(added[i].Path)) : same.Count - 1;
                if (at < 0)
                    continue;
                renames.Add((same[at], i));
                freeDeleted.Remove(same[at]);
                freeAdded.Remove(i);
                same.RemoveAt(at);
            }
        }
    }

    private static void MatchAlike(
        IReadOnlyList<(string Path, FileState State)> deleted,
        IReadOnlyList<(string Path, FileState State)> added,
        HashSet<int> freeDeleted,
        HashSet<int> freeAdded,
        List<(int Deleted, int Added)> renames)
    {
        Dictionary<int, LineBag> oldBags = freeDeleted.ToDictionary(i => i, i => new LineBag(deleted[i].State.Content!.Value));
        var pairs = new List<(int Percent, int Deleted, int Added)>();
        foreach (int a in freeAdded.Order())
        {
            var bag = new LineBag(added[a].State.Content!.Value);
            foreach ((int d, LineBag oldBag) in oldBags)
            {
                int percent = oldBag.PercentIn(bag);
                if (percent >= LeastPercent)
                    pairs.Add((percent, d, a));
            }
        }

        foreach ((int _, int d, int a) in pairs.OrderByDescending(pair => pair.Percent).ThenBy(pair => pair.Added).ThenBy(pair => pair.Deleted))
        {
            if (!freeDeleted.Contains(d) || !freeAdded.Contains(a))
                continue;
            renames.Add((d, a));
            freeDeleted.Remove(d);
            freeAdded.Remove(a);
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
