namespace Pyro.Workspaces.Patches;

/// <summary>How alike two texts are, in percent of bytes that both have: 100 is equal.</summary>
internal static class Similarity
{
    internal static int Percent(TextLines old, TextLines @new, IReadOnlyList<LineChange> changes)
    {
        long oldBytes = old.Between(0, old.Count).Length;
        long newBytes = @new.Between(0, @new.Count).Length;
        if (changes.Count == 0 || Math.Max(oldBytes, newBytes) == 0)
            return 100;
        long gone = changes.Sum(change => (long)old.Between(change.OldStart, change.OldEnd).Length);
        // Never 100 where there is a change: that would say that there is none.
        return (int)Math.Min(99, (oldBytes - gone) * 100 / Math.Max(oldBytes, newBytes));
    }
}
