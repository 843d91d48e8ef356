using System.Text.RegularExpressions;

namespace Pyro.UapiReader;

/// <summary>The macros that a group of headers defines and that could be constants.</summary>
internal sealed partial class Macros
{
    private static readonly string[] s_ioctlMakers = ["_IO", "_IOR", "_IOW", "_IOWR"];

    private readonly SortedDictionary<string, string> _bodies = new(StringComparer.Ordinal);

    private Macros()
    {
    }

    /// <summary>Names of macros without parameters, in order.</summary>
    public IEnumerable<string> Names => _bodies.Keys;

    /// <summary>Reads the output of <c>clang -E -dD</c>.</summary>
    public static Macros Read(string preprocessed)
    {
        var macros = new Macros();
        bool inHeader = false;
        foreach (string line in preprocessed.Split('\n'))
        {
            if (LineMarker().Match(line) is { Success: true } marker)
            {
                // Built-in macros and clang's own headers say nothing of Linux.
                inHeader = marker.Groups[1].Value.StartsWith("/usr/include/", StringComparison.Ordinal);
            }
            else if (inHeader && Definition().Match(line) is { Success: true } definition)
            {
                macros._bodies[definition.Groups[1].Value] = definition.Groups[2].Value.Trim();
            }
            else if (line.StartsWith("#undef ", StringComparison.Ordinal))
            {
                macros._bodies.Remove(line[7..].Trim());
            }
        }
        foreach ((string name, string body) in macros._bodies.ToArray())
        {
            if (IsPrivate(name) || !CouldBeExpression(body))
            {
                macros._bodies.Remove(name);
            }
        }
        return macros;
    }

    /// <summary>Whether the macro's value comes, over other macros or at once, from one that makes ioctl numbers.</summary>
    public bool LeadsToIoctl(string name) => LeadsToIoctl(name, depth: 0);

    /// <summary>Names that begin with an underscore are the headers' own, but for the numbers of system calls.</summary>
    public static bool IsPrivate(string name) => name.StartsWith('_') && !name.StartsWith("__NR_", StringComparison.Ordinal);

    private bool LeadsToIoctl(string name, int depth)
    {
        if (s_ioctlMakers.Contains(name))
        {
            return true;
        }
        return depth < 8
            && _bodies.TryGetValue(name, out string? body)
            && Word().Matches(body).Any(word => LeadsToIoctl(word.Value, depth + 1));
    }

    // An unbalanced body would take the lines after its own with it when it is tried.
    private static bool CouldBeExpression(string body)
    {
        int depth = 0;
        foreach (char c in body)
        {
            depth += c == '(' ? 1 : c == ')' ? -1 : 0;
            if (depth < 0 || c is '{' or '}' or ';')
            {
                return false;
            }
        }
        return body.Length > 0 && depth == 0;
    }

    [GeneratedRegex(@"^# \d+ ""([^""]*)""")]
    private static partial Regex LineMarker();

    [GeneratedRegex(@"^#define (\w+) (.*)$")]
    private static partial Regex Definition();

    [GeneratedRegex(@"[A-Za-z_]\w*")]
    private static partial Regex Word();
}
