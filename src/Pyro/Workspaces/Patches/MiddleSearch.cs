namespace Pyro.Workspaces.Patches;

/// <summary>
/// Divides two sequences at a point that a shortest way from one to the other passes, and goes on with the halves. Ways
/// are searched from both ends at once, one diagonal (old position less new position) beside the other.
/// </summary>
internal sealed class MiddleSearch
{
    private const int LeastCostLimit = 256;

    private readonly int[] _old;
    private readonly int[] _new;
    private readonly int[] _forward;
    private readonly int[] _backward;
    private readonly int _zero;
    private readonly int _costLimit;

    internal MiddleSearch(int[] old, int[] @new, long budget)
    {
        _old = old;
        _new = @new;
        // Diagonals from -new.Length - 1 to old.Length + 1.
        _forward = new int[old.Length + @new.Length + 3];
        _backward = new int[old.Length + @new.Length + 3];
        _zero = @new.Length + 1;
        _costLimit = Math.Max(LeastCostLimit, (int)Math.Sqrt(old.Length + @new.Length));
        Budget = budget;
    }

    /// <summary>Steps left; less than none if the last search ended with a long one.</summary>
    internal long Budget { get; private set; }

    /// <summary>Tells the ranges of both sequences that are not in the other.</summary>
    internal void Run(Action<int, int> oldOnly, Action<int, int> newOnly)
    {
        // Not recursive: where searches end early, halves are unequal and there can be many levels.
        var boxes = new Stack<Box>();
        boxes.Push(new Box(0, _old.Length, 0, _new.Length));
        while (boxes.TryPop(out Box box))
        {
            box = Trim(box);
            if (box.OldStart == box.OldEnd || box.NewStart == box.NewEnd || !TryDivide(box, out int old, out int @new))
            {
                oldOnly(box.OldStart, box.OldEnd);
                newOnly(box.NewStart, box.NewEnd);
                continue;
            }

            boxes.Push(box with { OldStart = old, NewStart = @new });
            boxes.Push(box with { OldEnd = old, NewEnd = @new });
        }
    }

    private Box Trim(Box box)
    {
        (int oldStart, int oldEnd, int newStart, int newEnd) = box;
        while (oldStart < oldEnd && newStart < newEnd && _old[oldStart] == _new[newStart])
            (oldStart, newStart) = (oldStart + 1, newStart + 1);
        while (oldStart < oldEnd && newStart < newEnd && _old[oldEnd - 1] == _new[newEnd - 1])
            (oldEnd, newEnd) = (oldEnd - 1, newEnd - 1);
        return new Box(oldStart, oldEnd, newStart, newEnd);
    }

    /// <returns>False if there is nothing left to spend, or no point inside.</returns>
    private bool TryDivide(Box box, out int old, out int @new)
    {
        (old, @new) = Budget > 0 ? Middle(box) : (box.OldStart, box.NewStart);
        old = Math.Clamp(old, box.OldStart, box.OldEnd);
        @new = Math.Clamp(@new, box.NewStart, box.NewEnd);
        return (old, @new) != (box.OldStart, box.NewStart) && (old, @new) != (box.OldEnd, box.NewEnd);
    }

    private (int Old, int New) Middle(Box box)
    {
        (int oldStart, int oldEnd, int newStart, int newEnd) = box;
        Span<int> forward = _forward;
        Span<int> backward = _backward;
        int lowest = oldStart - newEnd;
        int highest = oldEnd - newStart;
        int first = oldStart - newStart;
        int last = oldEnd - newEnd;
        bool odd = ((first - last) & 1) != 0;
        (int forwardLow, int forwardHigh, int backwardLow, int backwardHigh) = (first, first, last, last);
        forward[_zero + first] = oldStart;
        backward[_zero + last] = oldEnd;

        for (int cost = 1; ; cost++)
        {
            // A diagonal beyond the known ones can be reached from inside only.
            if (forwardLow > lowest)
                forward[_zero + --forwardLow - 1] = -1;
            else
                forwardLow++;
            if (forwardHigh < highest)
                forward[_zero + ++forwardHigh + 1] = -1;
            else
                forwardHigh--;
            for (int diagonal = forwardHigh; diagonal >= forwardLow; diagonal -= 2)
            {
                int below = forward[_zero + diagonal - 1];
                int above = forward[_zero + diagonal + 1];
                int begin = below >= above ? below + 1 : above;
                int old = begin;
                while (old < oldEnd && old - diagonal < newEnd && _old[old] == _new[old - diagonal])
                    old++;
                Budget -= 1 + old - begin;
                forward[_zero + diagonal] = old;
                if (odd && backwardLow <= diagonal && diagonal <= backwardHigh && backward[_zero + diagonal] <= old)
                    return (old, old - diagonal);
            }

            if (backwardLow > lowest)
                backward[_zero + --backwardLow - 1] = int.MaxValue;
            else
                backwardLow++;
            if (backwardHigh < highest)
                backward[_zero + ++backwardHigh + 1] = int.MaxValue;
            else
                backwardHigh--;
            for (int diagonal = backwardHigh; diagonal >= backwardLow; diagonal -= 2)
            {
                int below = backward[_zero + diagonal - 1];
                int above = backward[_zero + diagonal + 1];
                int begin = below < above ? below : above - 1;
                int old = begin;
                while (old > oldStart && old - diagonal > newStart && _old[old - 1] == _new[old - diagonal - 1])
                    old--;
                Budget -= 1 + begin - old;
                backward[_zero + diagonal] = old;
                if (!odd && forwardLow <= diagonal && diagonal <= forwardHigh && old <= forward[_zero + diagonal])
                    return (old, old - diagonal);
            }

            if (cost >= _costLimit || Budget <= 0)
            {
                return Furthest(
                    box,
                    forward.Slice(_zero + forwardLow, forwardHigh - forwardLow + 1),
                    forwardLow,
                    backward.Slice(_zero + backwardLow, backwardHigh - backwardLow + 1),
                    backwardLow);
            }
        }
    }

    /// <summary>The point, of those reached from either end, that has most of the way behind it.</summary>
    private static (int Old, int New) Furthest(Box box, ReadOnlySpan<int> forward, int forwardLow, ReadOnlySpan<int> backward, int backwardLow)
    {
        (int Old, int New) point = (box.OldStart, box.NewStart);
        int most = 0;
        for (int i = 0; i < forward.Length; i += 2)
        {
            int diagonal = forwardLow + i;
            int old = Math.Min(Math.Min(forward[i], box.OldEnd), box.NewEnd + diagonal);
            int behind = old - box.OldStart + (old - diagonal - box.NewStart);
            if (old >= box.OldStart && old - diagonal >= box.NewStart && behind > most)
                (most, point) = (behind, (old, old - diagonal));
        }

        for (int i = 0; i < backward.Length; i += 2)
        {
            int diagonal = backwardLow + i;
            int old = Math.Max(Math.Max(backward[i], box.OldStart), box.NewStart + diagonal);
            int behind = box.OldEnd - old + (box.NewEnd - (old - diagonal));
            if (old <= box.OldEnd && old - diagonal <= box.NewEnd && behind > most)
                (most, point) = (behind, (old, old - diagonal));
        }

        return point;
    }

    private readonly record struct Box(int OldStart, int OldEnd, int NewStart, int NewEnd);
}
