using Pyro.Workspaces.Patches;

namespace Pyro.Workspaces.Diffs;

/// <summary>Makes the result from the changes of paths: renames, entries in order, the patch.</summary>
internal static class DiffBuilder
{
    internal static WorkspaceDiff Build(string workspaceId, IReadOnlyList<PathChange> changes, bool truncated, DiffLimits limits)
    {
        List<PathChange> told = WithRenames(WithoutImpliedFolders(changes));
        told.Sort((a, b) => string.CompareOrdinal(a.Path, b.Path));
        var patch = new PatchWriter(limits.PatchBytes);
        var entries = new List<DiffEntry>(told.Count);
        foreach (PathChange change in told)
        {
            DiffReason? reason = change.WhyNot();
            if (reason is null && !patch.TryAdd(change.OldPath ?? change.Path, change.Old, change.Path, change.New))
                reason = DiffReason.PatchLimit;
            entries.Add(change.ToEntry(reason is null, reason));
        }

        int Count(params DiffStatus[] statuses) => entries.Count(entry => statuses.Contains(entry.Status));
        int patched = entries.Count(entry => entry.Patched);
        var summary = new DiffSummary(
            Count(DiffStatus.Added),
            Count(DiffStatus.Modified, DiffStatus.Renamed),
            Count(DiffStatus.Deleted),
            Count(DiffStatus.TypeChanged),
            patched,
            entries.Count - patched);
        return new WorkspaceDiff(workspaceId, entries.Count > 0, summary, entries, patch.Text, truncated);
    }

    /// <summary>A folder that came or went goes without saying where something in it did.</summary>
    private static List<PathChange> WithoutImpliedFolders(IReadOnlyList<PathChange> changes)
    {
        var above = new HashSet<(string Path, bool New)>();
        foreach (PathChange change in changes)
        {
            AddAbove(change.OldPath ?? change.Path, change.Old, false);
            AddAbove(change.Path, change.New, true);
        }

        return [.. changes.Where(change => !IsImplied(change))];

        void AddAbove(string path, FileState? state, bool isNew)
        {
            if (state is null)
                return;
            for (int slash = path.LastIndexOf('/'); slash > 0 && above.Add((path[..slash], isNew)); slash = path.LastIndexOf('/', slash - 1))
            {
            }
        }

        bool IsImplied(PathChange change)
            => (change is { Old: null, New.Kind: EntryKind.Directory } && above.Contains((change.Path, true)))
            || (change is { New: null, Old.Kind: EntryKind.Directory } && above.Contains((change.Path, false)));
    }

    private static List<PathChange> WithRenames(List<PathChange> changes)
    {
        PathChange[] deleted = [.. changes.Where(change => change is { IsNamed: true, New: null }).OrderBy(change => change.Path, StringComparer.Ordinal)];
        PathChange[] added = [.. changes.Where(change => change is { IsNamed: true, Old: null }).OrderBy(change => change.Path, StringComparer.Ordinal)];
        var gone = new HashSet<PathChange>(ReferenceEqualityComparer.Instance);
        var renamed = new List<PathChange>();
        foreach ((int from, int to) in RenameMatcher.Match(Array.ConvertAll(deleted, d => (d.Path, d.Old!)), Array.ConvertAll(added, a => (a.Path, a.New!))))
        {
            gone.Add(deleted[from]);
            gone.Add(added[to]);
            renamed.Add(new PathChange(added[to].Path, true, deleted[from].Path, deleted[from].Old, added[to].New));
        }

        return [.. changes.Where(change => !gone.Contains(change)), .. renamed];
    }
}
