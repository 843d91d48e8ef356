using System.Text;

namespace Pyro.Workspaces.Patches;

/// <summary>What is shown of a line or a name in a message: short, on one line, without control characters.</summary>
internal static class Excerpt
{
    private const int Most = 100;

    internal static string Of(ReadOnlySpan<byte> line) => '"' + Of(Encoding.UTF8.GetString(line.Length > 4 * Most ? line[..(4 * Most)] : line).TrimEnd('\n')) + '"';

    internal static string Of(string text)
    {
        string quoted = QuotedName.Quote(text.Length > Most ? text[..Most] : text);
        return (quoted.Length > 1 && quoted[0] == '"' ? quoted[1..^1] : quoted) + (text.Length > Most ? "..." : "");
    }
}
