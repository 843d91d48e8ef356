namespace Pyro.Workspaces.Patches;

/// <summary>
/// What changed between two texts, line by line: the linear-space algorithm of Myers ("An O(ND) Difference Algorithm and
/// Its Variations"), with two bounds that no input gets past. A search that has cost much takes the furthest point it
/// reached, as git's does; and when all searches together have cost what a machine may spend on one file, the rest counts
/// as changed. The result is then longer than it could be, never wrong.
/// </summary>
internal static class LineDiff
{
    /// <summary>Steps that all searches of one pair of texts may take together; some tenths of a second.</summary>
    internal const long DefaultBudget = 100_000_000;

    /// <summary>The changes in order; between two of them is at least one line that both texts have.</summary>
    internal static List<LineChange> Compare(TextLines old, TextLines @new)
    {
        long budget = DefaultBudget;
        return Compare(old, @new, ref budget);
    }

    /// <summary>The same, within a budget of steps that what is spent is taken from.</summary>
    internal static List<LineChange> Compare(TextLines old, TextLines @new, ref long budget)
    {
        LineSymbols symbols = LineSymbols.Of(old, @new);
        var oldChanged = new bool[old.Count];
        var newChanged = new bool[@new.Count];
        Mark(symbols, oldChanged, newChanged, ref budget);
        List<LineChange> changes = Collect(oldChanged, newChanged);
        SlideDown(changes, symbols);
        return changes;
    }

    private static void Mark(LineSymbols symbols, bool[] oldChanged, bool[] newChanged, ref long budget)
    {
        // A line that the other text does not have at all has changed, and need not be searched for.
        int[] oldKept = Shared(symbols.Old, Occurring(symbols.New, symbols.Count), oldChanged);
        int[] newKept = Shared(symbols.New, Occurring(symbols.Old, symbols.Count), newChanged);
        var search = new MiddleSearch(Pick(symbols.Old, oldKept), Pick(symbols.New, newKept), budget);
        search.Run((line, end) => MarkRange(oldChanged, oldKept, line, end), (line, end) => MarkRange(newChanged, newKept, line, end));
        budget = search.Budget;
    }

    private static bool[] Occurring(int[] lines, int symbols)
    {
        var occurring = new bool[symbols];
        foreach (int symbol in lines)
            occurring[symbol] = true;
        return occurring;
    }

    private static int[] Shared(int[] lines, bool[] inOther, bool[] changed)
    {
        var kept = new List<int>(lines.Length);
        for (int line = 0; line < lines.Length; line++)
        {
            if (inOther[lines[line]])
                kept.Add(line);
            else
                changed[line] = true;
        }

        return [.. kept];
    }

    private static int[] Pick(int[] lines, int[] kept) => Array.ConvertAll(kept, line => lines[line]);

    private static void MarkRange(bool[] changed, int[] kept, int start, int end)
    {
        for (int i = start; i < end; i++)
            changed[kept[i]] = true;
    }

    private static List<LineChange> Collect(bool[] oldChanged, bool[] newChanged)
    {
        var changes = new List<LineChange>();
        int old = 0;
        int @new = 0;
        while (old < oldChanged.Length || @new < newChanged.Length)
        {
            int oldStart = old;
            int newStart = @new;
            while (old < oldChanged.Length && oldChanged[old])
                old++;
            while (@new < newChanged.Length && newChanged[@new])
                @new++;
            if (old > oldStart || @new > newStart)
                changes.Add(new LineChange(oldStart, old - oldStart, newStart, @new - newStart));
            else
                (old, @new) = (old + 1, @new + 1);
        }

        return changes;
    }

    /// <summary>
    /// Lines put in or taken out can often be told in several ways, as in "}, blank, {" between functions. The last
    /// is the one that readers expect, as it is git's.
    /// </summary>
    private static void SlideDown(List<LineChange> changes, LineSymbols symbols)
    {
        for (int i = changes.Count - 1; i >= 0; i--)
        {
            LineChange change = changes[i];
            int[] lines = change.OldCount == 0 ? symbols.New : symbols.Old;
            int start = change.OldCount == 0 ? change.NewStart : change.OldStart;
            int count = change.OldCount == 0 ? change.NewCount : change.OldCount;
            if (change.OldCount != 0 && change.NewCount != 0)
                continue;
            // One line stays between this change and the next.
            int room = i + 1 < changes.Count ? changes[i + 1].OldStart - change.OldEnd - 1 : symbols.Old.Length - change.OldEnd;
            int by = 0;
            while (by < room && lines[start + by] == lines[start + by + count])
                by++;
            changes[i] = change with { OldStart = change.OldStart + by, NewStart = change.NewStart + by };
        }
    }
}
