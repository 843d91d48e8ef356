using System.Text;

namespace Pyro.Workspaces.Patches;

/// <summary>
/// Names as git writes them in patches: as they are, or, with a quote, a backslash or a control character in them, as a C
/// string. UTF-8 stays as it is (git's <c>core.quotePath=false</c>); octal is read for it all the same.
/// </summary>
internal static class QuotedName
{
    private const string Letters = "abtnvfr\"\\";
    private const string Meanings = "\a\b\t\n\v\f\r\"\\";

    /// <summary>The name, quoted if it has to be.</summary>
    internal static string Quote(string name) => name.Any(NeedsEscape) ? InQuotes(name) : name;

    /// <summary>The name, quoted also for a space, where two names stand on one line and nothing else tells them apart.</summary>
    internal static string QuoteBesideOther(string name) => name.Contains(' ') ? InQuotes(name) : Quote(name);

    private static string InQuotes(string name)
    {
        var quoted = new StringBuilder("\"");
        foreach (char c in name)
        {
            int index = Meanings.IndexOf(c, StringComparison.Ordinal);
            if (index >= 0)
                quoted.Append('\\').Append(Letters[index]);
            else if (NeedsEscape(c))
                quoted.Append('\\').Append((char)('0' + (c >> 6))).Append((char)('0' + ((c >> 3) & 7))).Append((char)('0' + (c & 7)));
            else
                quoted.Append(c);
        }

        return quoted.Append('"').ToString();
    }

    /// <summary>A name that is not UTF-8: quoted, all bytes beyond ASCII in octal.</summary>
    internal static string OfBytes(ReadOnlySpan<byte> name)
    {
        var quoted = new StringBuilder("\"");
        foreach (byte b in name)
        {
            if (b >= 0x80)
                quoted.Append('\\').Append((char)('0' + (b >> 6))).Append((char)('0' + ((b >> 3) & 7))).Append((char)('0' + (b & 7)));
            else
                quoted.Append(InQuotes(((char)b).ToString())[1..^1]);
        }

        return quoted.Append('"').ToString();
    }

    /// <summary>Reads a quoted name at the start of the text, which begins with a quote.</summary>
    /// <param name="text">The name and what follows it.</param>
    /// <param name="name">Its bytes.</param>
    /// <param name="length">Bytes of the text it took.</param>
    /// <returns>False if it has no end or an escape that there is not.</returns>
    internal static bool TryUnquote(ReadOnlySpan<byte> text, out byte[] name, out int length)
    {
        var bytes = new List<byte>();
        name = [];
        length = 1;
        while (length < text.Length)
        {
            byte c = text[length++];
            if (c == '"')
            {
                name = [.. bytes];
                return true;
            }

            if (c != '\\')
            {
                bytes.Add(c);
                continue;
            }

            if (length == text.Length)
                return false;
            byte escape = text[length++];
            int index = Letters.IndexOf((char)escape, StringComparison.Ordinal);
            if (index >= 0)
            {
                bytes.Add((byte)Meanings[index]);
                continue;
            }

            if (escape is < (byte)'0' or > (byte)'3' || text.Length - length < 2 || !IsOctal(text[length]) || !IsOctal(text[length + 1]))
                return false;
            bytes.Add((byte)(((escape - '0') << 6) | ((text[length] - '0') << 3) | (text[length + 1] - '0')));
            length += 2;
        }

        return false;
    }

    private static bool NeedsEscape(char c) => c is < ' ' or '"' or '\\' or '\x7f';

    private static bool IsOctal(byte c) => c is >= (byte)'0' and <= (byte)'7';
}
