using System.Xml.Linq;
using Pyro.Benchmarks;

namespace Pyro.Tests.Benchmarks;

public sealed class BootHistoryTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());

    public void Dispose() => File.Delete(_path);

    private static BootSummary Summary(string commit, double scale = 1) => BootSummary.Of(
        [new BootSample(1 * scale, 2 * scale, 30 * scale, 4 * scale, 5 * scale, 43 * scale), new BootSample(2 * scale, 2 * scale, 40 * scale, 4 * scale, 5 * scale, 54 * scale)],
        commit, "hardware", "debian:12", 1, 1024, new DateTimeOffset(2026, 11, 21, 12, 0, 0, TimeSpan.Zero));

    [Fact]
    public void What_is_appended_is_read_back_in_order()
    {
        BootHistory.Append(_path, Summary("aaa"));
        BootHistory.Append(_path, Summary("bbb", 2));
        Assert.Equal([Summary("aaa"), Summary("bbb", 2)], BootHistory.Read(_path));
        Assert.Equal(2, File.ReadAllLines(_path).Length);
    }

    [Fact]
    public void A_history_that_is_not_there_is_empty() => Assert.Empty(BootHistory.Read(_path));

    [Fact]
    public void A_broken_line_is_told_by_its_number()
    {
        BootHistory.Append(_path, Summary("aaa"));
        File.AppendAllText(_path, "{ broken\n");
        Assert.Contains("line 2", Assert.Throws<InvalidDataException>(() => BootHistory.Read(_path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_chart_is_well_formed_and_has_five_parts_a_series()
    {
        XNamespace svg = "http://www.w3.org/2000/svg";
        XElement chart = XDocument.Parse(BootChart.Draw([Summary("<a&b>"), Summary("0123456789abcdef", 3)])).Root!;
        XElement[] bars = [.. chart.Elements(svg + "g")];
        Assert.Equal(2, bars.Length);
        Assert.All(bars, bar => Assert.Equal(5, bar.Elements(svg + "rect").Count()));
        Assert.Equal(["<a&b> cold", "01234567 cold"], bars.Select(bar => bar.Element(svg + "text")!.Value));
    }

    [Fact]
    public void Each_series_says_how_its_machines_started_and_how_long_it_took()
    {
        XNamespace svg = "http://www.w3.org/2000/svg";
        BootSummary warm = Summary("abc", 2) with { Start = "warm" };
        XElement chart = XDocument.Parse(BootChart.Draw([Summary("abc", 2), warm, warm with { Machines = 8 }])).Root!;
        Assert.Equal(
            [["abc cold", "97"], ["abc warm", "97"], ["abc warm x8", "97"]],
            chart.Elements(svg + "g").Select(bar => bar.Elements(svg + "text").Select(text => text.Value).ToArray()));
    }

    [Fact]
    public void Headings_and_numbers_lie_within_the_picture_and_legends_do_not_touch()
    {
        // A letter is wider than six tenths of its size in hardly any font, on average.
        XNamespace svg = "http://www.w3.org/2000/svg";
        XElement chart = XDocument.Parse(BootChart.Draw([Summary("aaa")])).Root!;
        double width = (double)chart.Attribute("width")!;
        XElement[] headings = [.. chart.Elements(svg + "text").Where(text => text.Attribute("text-anchor") is null)];
        Assert.Equal(7, headings.Length);
        foreach (XElement[] row in headings.GroupBy(text => (double)text.Attribute("y")!).Select(row => row.ToArray()))
        {
            double[] ends = [.. row.Select(text => (double)text.Attribute("x")! + (0.6 * ((double?)text.Attribute("font-size") ?? 12) * text.Value.Length))];
            Assert.True(ends[^1] <= width, row[^1].Value);
            for (int i = 1; i < row.Length; i++)
                Assert.True(ends[i - 1] < (double)row[i].Attribute("x")! - 16, row[i].Value);
        }
        Assert.All(chart.Descendants(svg + "text"), text => Assert.InRange((double)text.Attribute("y")!, 10, (double)chart.Attribute("height")!));
    }

    [Fact]
    public void Parts_of_a_bar_stand_on_each_other_without_gaps()
    {
        XNamespace svg = "http://www.w3.org/2000/svg";
        XElement bar = XDocument.Parse(BootChart.Draw([Summary("aaa")])).Root!.Element(svg + "g")!;
        double[] tops = [.. bar.Elements(svg + "rect").Select(r => (double)r.Attribute("y")!)];
        double[] heights = [.. bar.Elements(svg + "rect").Select(r => (double)r.Attribute("height")!)];
        for (int i = 1; i < tops.Length; i++)
            Assert.Equal(tops[i - 1], tops[i] + heights[i], 0.2);
    }

    [Fact]
    public void Only_the_last_forty_series_are_drawn()
    {
        string chart = BootChart.Draw([.. Enumerable.Range(0, 50).Select(i => Summary($"commit{i}"))]);
        Assert.DoesNotContain("commit9 cold<", chart, StringComparison.Ordinal);
        Assert.Contains("commit10 cold<", chart, StringComparison.Ordinal);
    }
}
