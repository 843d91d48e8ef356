using System.Globalization;
using System.Security;
using System.Text;

namespace Pyro.Benchmarks;

/// <summary>
/// Draws a history as SVG: a bar a series, its medians stacked in the order in which a run goes through them, with a
/// whisker from the total's minimum to its 95th percentile, and the total's median above.
/// </summary>
public static class BootChart
{
    private const int Left = 72, Right = 16, Top = 92, PlotHeight = 260, BarWidth = 28, BarGap = 20, Bottom = 108;
    private const int MaxSeries = 40;
    private const int MinWidth = 680;

    private static readonly (string Name, string Color, Func<BootSummary, Distribution> Part)[] s_parts =
    [
        ("spawn", "#4c78a8", s => s.Spawn),
        ("VM creation or restore", "#72b7b2", s => s.VmCreation),
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
        double step = NiceStep(shown.Max(Highest) / 5);
        double top = step * Math.Ceiling(shown.Max(Highest) / step);
        int width = Math.Max(Left + (shown.Count * (BarWidth + BarGap)) + BarGap + Right, MinWidth);
        int height = Top + PlotHeight + Bottom;

        var svg = new StringBuilder();
        svg.Append(Invariant($"""<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12" fill="#333">""")).Append('\n');
        svg.Append(Invariant($"""<rect width="{width}" height="{height}" fill="#fff"/>""")).Append('\n');
        Heading(svg);
        for (double value = 0; value <= top + (step / 2); value += step)
        {
            double y = Y(value, top);
            svg.Append(Invariant($"""<line x1="{Left}" y1="{y:0.#}" x2="{width - Right}" y2="{y:0.#}" stroke="#ddd"/><text x="{Left - 8}" y="{y + 4:0.#}" text-anchor="end">{value:0.##} ms</text>""")).Append('\n');
        }
        for (int i = 0; i < shown.Count; i++)
            Bar(svg, shown[i], Left + BarGap + (i * (BarWidth + BarGap)), top);
        return svg.Append("</svg>\n").ToString();
    }

    private static void Heading(StringBuilder svg)
    {
        svg.Append("""<text x="16" y="24" font-size="16">How long machines take to start and to run a command</text>""").Append('\n');
        svg.Append("""<text x="16" y="44" fill="#666">Medians of the parts. Line: minimum to 95th percentile of the total; number: its median.</text>""").Append('\n');
        int x = 16;
        foreach ((string name, string color, _) in s_parts)
        {
            svg.Append(Invariant($"""<rect x="{x}" y="57" width="11" height="11" fill="{color}"/><text x="{x + 16}" y="67">{name}</text>""")).Append('\n');
            x += 36 + (name.Length * 7);
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
        double low = Y(series.Total.Min, top), high = Y(series.Total.P95, top);
        svg.Append(Invariant($"""<path d="M{middle} {low:0.#}V{high:0.#}M{middle - 4} {low:0.#}h8M{middle - 4} {high:0.#}h8" stroke="#333" fill="none"/>"""));
        int label = Top + PlotHeight + 16;
        string commit = Escape($"{(series.Commit.Length > 8 ? series.Commit[..8] : series.Commit)} {series.Start}{(series.Machines == 1 ? "" : $" x{series.Machines}")}");
        svg.Append(Invariant($"""<text x="{middle}" y="{label}" text-anchor="end" transform="rotate(-45 {middle} {label})">{commit}</text>"""));
        svg.Append(Invariant($"""<text x="{middle}" y="{Y(Highest(series), top) - 5:0.#}" text-anchor="middle" font-size="11">{series.Total.Median:0}</text></g>""")).Append('\n');
    }

    private static double Highest(BootSummary series) => Math.Max(series.Total.P95, series.Total.Median);

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
