using System.Globalization;
using System.Text.RegularExpressions;

namespace Pyro.UapiReader;

/// <summary>Record layouts from clang's <c>-fdump-record-layouts</c>.</summary>
internal static partial class Layouts
{
    /// <summary>Layouts by what clang calls the record, <c>struct kvm_regs</c>.</summary>
    public static Dictionary<string, LayoutNode> Read(string text)
    {
        Dictionary<string, LayoutNode> layouts = new(StringComparer.Ordinal);
        List<LayoutNode> open = [];
        foreach (string line in text.Split('\n'))
        {
            if (Sizes().Match(line) is { Success: true } sizes)
            {
                open[0].Size = Number(sizes.Groups[1]);
                open[0].Alignment = Number(sizes.Groups[2]);
                open.Clear();
            }
            else if (Member().Match(line) is { Success: true } member)
            {
                string type = member.Groups["text"].Value;
                int depth = member.Groups["indent"].Length / 2;
                Group first = member.Groups["first"];
                int firstBit = first.Success ? Number(first) : 0;
                int width = first.Success ? Number(member.Groups["last"]) - firstBit + 1 : 0;
                var node = new LayoutNode(type[(type.LastIndexOf(' ') + 1)..], Number(member.Groups["offset"]), firstBit, width);
                open.RemoveRange(depth, open.Count - depth);
                if (depth == 0)
                {
                    layouts[type] = node;
                }
                else
                {
                    open[depth - 1].Children.Add(node);
                }
                open.Add(node);
            }
        }
        return layouts;
    }

    private static int Number(Group group) => int.Parse(group.Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^\s*\| \[sizeof=(\d+), align=(\d+)")]
    private static partial Regex Sizes();

    // A bitfield of no width has no bits: "4:-".
    [GeneratedRegex(@"^\s*(?<offset>\d+)(?::(?:(?<first>\d+)-(?<last>\d+)|-))? \| (?<indent>\s*)(?<text>.*)$")]
    private static partial Regex Member();
}
