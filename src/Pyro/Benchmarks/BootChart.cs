using System.Globalization;
using System.Security;
using System.Text;

namespace Pyro.Benchmarks;

/// <summary>
/// Draws a history as SVG: a bar a series, its medians stacked in the order in which a run goes through them, with a
/// whisker from the total's minimum to its 95th percentile.
/// </summary>
public static class BootChart
{
    private const int Left = 64, Top = 56, PlotHeight = 260, BarWidth = 28, BarGap = 16, Bottom = 72;
    private const int MaxSeries = 40;

    private static readonly (string Name, string Color, Func<BootSummary, Distribution> Part)[] s_parts =
    [
        ("spawn", "#4c78a8", s => s.Spawn),
        ("VM creation", "#72b7b2", s => s.VmCreation),
        ("kernel", "#f58518", s => s.Kernel),
        ("agent ready", "#eeca3b", s => s.AgentReady),
        ("exec", "#54a24b", s => s.Exec),
    ];

    /// <summary>Draws the last series of a history, at most 40.</summary>
    /// <exception cref="ArgumentException">The history is empty.</exception>
    public static string Draw(IReadOnlyList<BootSummary> history)
    {
        ArgumentNullException.ThrowIfNull(history);
        if (history.Count == 0)
            throw new ArgumentException("there is nothing to draw", nameof(history));
        List<BootSummary> shown = [.. history.Skip(history.Count - MaxSeries)];
        double step = NiceStep(shown.Max(s => Math.Max(s.Total.P95, s.Total.Median)) / 5);
        double top = step * Math.Ceiling(shown.Max(s => Math.Max(s.Total.P95, s.Total.Median)) / step);
        int width = Math.Max(Left + (shown.Count * (BarWidth + BarGap)) + BarGap, 560);
        int height = Top + PlotHeight + Bottom;

        var svg = new StringBuilder();
        svg.Append(Invariant($"""<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12" fill="#333">""")).Append('\n');
        svg.Append(Invariant($"""<rect width="{width}" height="{height}" fill="#fff"/>""")).Append('\n');
        Legend(svg);
        for (double value = 0; value <= top + (step / 2); value += step)
        {
            double y = Y(value, top);
            svg.Append(Invariant($"""<line x1="{Left}" y1="{y:0.#}" x2="{width - 8}" y2="{y:0.#}" stroke="#ddd"/><text x="{Left - 6}" y="{y + 4:0.#}" text-anchor="end">{value:0.##} ms</text>""")).Append('\n');
        }
        for (int i = 0; i < shown.Count; i++)
            Bar(svg, shown[i], Left + BarGap + (i * (BarWidth + BarGap)), top);
        return svg.Append("</svg>\n").ToString();
    }

    private static void Legend(StringBuilder svg)
    {
        svg.Append(Invariant($"""<text x="{Left}" y="20" font-size="14">starts of machines: medians by part, whisker from minimum to 95th percentile</text>""")).Append('\n');
        int x = Left;
        foreach ((string name, string color, _) in s_parts)
        {
            svg.Append(Invariant($"""<rect x="{x}" y="30" width="10" height="10" fill="{color}"/><text x="{x + 14}" y="39">{name}</text>""")).Append('\n');
            x += 28 + (name.Length * 7);
        }
    }

    private static void Bar(StringBuilder svg, BootSummary series, int x, double top)
    {
        double at = 0;
        svg.Append(Invariant($"<g><title>{Escape($"{series.Commit}, {series.Time:yyyy-MM-dd}, {series.Runs} runs of {series.Machines} {series.Start}, total {series.Total.Median} ms")}</title>"));
        foreach ((_, string color, Func<BootSummary, Distribution> part) in s_parts)
        {
            double value = part(series).Median;
            double y = Y(at + value, top);
            svg.Append(Invariant($"""<rect x="{x}" y="{y:0.#}" width="{BarWidth}" height="{Y(at, top) - y:0.#}" fill="{color}"/>"""));
            at += value;
        }
        double middle = x + (BarWidth / 2.0);
        svg.Append(Invariant($"""<line x1="{middle}" y1="{Y(series.Total.Min, top):0.#}" x2="{middle}" y2="{Y(series.Total.P95, top):0.#}" stroke="#333"/>"""));
        int label = Top + PlotHeight + 14;
        string commit = Escape((series.Commit.Length > 8 ? series.Commit[..8] : series.Commit) + (series.Start == "cold" ? "" : $" {series.Start}") + (series.Machines == 1 ? "" : $" x{series.Machines}"));
        svg.Append(Invariant($"""<text x="{middle}" y="{label}" text-anchor="end" transform="rotate(-45 {middle} {label})">{commit}</text></g>""")).Append('\n');
    }

    private static double Y(double value, double top) => Top + PlotHeight - (value / top * PlotHeight);

    // 1, 2 or 5 times a power of ten.
    private static double NiceStep(double atLeast)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(Math.Max(atLeast, 1e-3))));
        return (atLeast / power) switch { <= 1 => power, <= 2 => 2 * power, <= 5 => 5 * power, _ => 10 * power };
    }

    private static string Escape(string text) => SecurityElement.Escape(text);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
