using System.Text;
using Pyro.Workspaces.Patches;

namespace Pyro.Tests.Workspaces.Patches;

public sealed class LineDiffTests
{
    private static TextLines Lines(string text) => new(Encoding.UTF8.GetBytes(text));

    private static TextLines Lines(IEnumerable<int> numbers) => Lines(string.Concat(numbers.Select(n => $"{n}\n")));

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(1000)]
    public void Changes_turn_the_old_text_into_the_new(int kinds)
    {
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            int[] a = [.. Enumerable.Range(0, random.Next(80)).Select(_ => random.Next(kinds))];
            int[] b = [.. Enumerable.Range(0, random.Next(80)).Select(_ => random.Next(kinds))];
            // Also with next to nothing to spend, when the rest counts as changed.
            long budget = seed % 3 == 0 ? random.Next(50) : LineDiff.DefaultBudget;
            List<LineChange> changes = LineDiff.Compare(Lines(a), Lines(b), ref budget);
            AssertTransforms(a, b, changes);
            if (seed % 3 != 0)
                Assert.Equal(a.Length + b.Length - (2 * LongestCommon(a, b)), changes.Sum(c => c.OldCount + c.NewCount));
        }
    }

    [Theory]
    [InlineData("different lines")]
    [InlineData("the same lines shuffled")]
    [InlineData("two lines at random")]
    [InlineData("few lines in other periods")]
    public void A_hundred_thousand_lines_of_any_kind_stay_within_the_budget(string kind)
    {
        const int Count = 100_000;
        var random = new Random(1);
        int[] a = [.. Enumerable.Range(0, Count).Select(i => kind switch { "two lines at random" => random.Next(2), "few lines in other periods" => i % 7, _ => i })];
        int[] b = [.. Enumerable.Range(0, Count).Select(i => kind switch { "two lines at random" => random.Next(2), "few lines in other periods" => i % 11 % 7, "different lines" => -i - 1, _ => i })];
        if (kind == "the same lines shuffled")
            random.Shuffle(b);
        long budget = LineDiff.DefaultBudget;
        List<LineChange> changes = LineDiff.Compare(Lines(a), Lines(b), ref budget);
        AssertTransforms(a, b, changes);
        // One search may end with a run of equal lines that it had no more room for.
        Assert.True(budget > -2L * Count, $"{budget}");
    }

    [Fact]
    public void An_inserted_function_is_told_as_people_see_it()
    {
        List<LineChange> changes = LineDiff.Compare(Lines("f {\n a\n}\n\ng {\n b\n}\n"), Lines("f {\n a\n}\n\nh {\n c\n}\n\ng {\n b\n}\n"));
        Assert.Equal([new LineChange(4, 0, 4, 4)], changes);
    }

    private static void AssertTransforms(int[] a, int[] b, List<LineChange> changes)
    {
        var result = new List<int>();
        int taken = 0;
        foreach (LineChange change in changes)
        {
            Assert.True(change.OldStart > taken || taken == 0);
            result.AddRange(a[taken..change.OldStart]);
            Assert.Equal(result.Count, change.NewStart);
            result.AddRange(b[change.NewStart..change.NewEnd]);
            taken = change.OldEnd;
        }

        result.AddRange(a[taken..]);
        Assert.True(b.AsSpan().SequenceEqual(result.ToArray()));
    }

    private static int LongestCommon(int[] a, int[] b)
    {
        var best = new int[a.Length + 1, b.Length + 1];
        for (int i = 1; i <= a.Length; i++)
        {
            for (int j = 1; j <= b.Length; j++)
                best[i, j] = a[i - 1] == b[j - 1] ? best[i - 1, j - 1] + 1 : Math.Max(best[i - 1, j], best[i, j - 1]);
        }

        return best[a.Length, b.Length];
    }
}
