using System.Text;

namespace Pyro.Workspaces.Patches;

/// <summary>Names of files in a patch's headers: quotes, times behind them, and the prefixes that stand for old and new.</summary>
internal static class PatchNames
{
    /// <summary>What stands for a file that is not there.</summary>
    internal const string Nothing = "/dev/null";

    private const string PrefixLetters = "abciwo";

    /// <summary>The name in a line of a header, from behind its keyword.</summary>
    internal static string InHeader(ReadOnlySpan<byte> rest, int line)
    {
        rest = rest.TrimEnd("\r\n"u8).TrimStart((byte)' ');
        if (rest.Length > 0 && rest[0] == '"')
            return QuotedName.TryUnquote(rest, out byte[] name, out _) ? Utf8(name, line) : throw PatchErrors.Invalid(line, "a quoted name has no end");
        int tab = rest.IndexOf((byte)'\t');
        return Utf8(tab >= 0 ? rest[..tab] : WithoutTime(rest).TrimEnd((byte)' '), line);
    }

    /// <summary>Both names of a line <c>diff --git</c>; null where they cannot be told from each other.</summary>
    internal static (string Old, string New)? InGitLine(ReadOnlySpan<byte> rest, int line)
    {
        rest = rest.TrimEnd("\r\n"u8);
        if (rest.Length > 0 && rest[0] == '"')
        {
            if (!QuotedName.TryUnquote(rest, out byte[] old, out int length) || length == rest.Length)
                throw PatchErrors.Invalid(line, "a quoted name has no end");
            return (Utf8(old, line), InHeader(rest[length..], line));
        }

        int split = rest.IndexOf(" \""u8);
        if (split < 0 && rest.Count((byte)' ') == 1)
            split = rest.IndexOf((byte)' ');
        // With spaces in it, the name is what stands twice.
        if (split < 0 && rest.Length % 2 == 1 && rest[rest.Length / 2] == ' ' && AreSame(rest[..(rest.Length / 2)], rest[(rest.Length / 2 + 1)..]))
            split = rest.Length / 2;
        return split < 0 ? null : (Utf8(rest[..split], line), InHeader(rest[split..], line));
    }

    /// <summary>Whether the names carry git's prefixes: a/ and b/, or two others of its letters before one name.</summary>
    internal static bool ArePrefixed(string old, string @new)
    {
        if (old == Nothing || @new == Nothing)
            return old.StartsWith("a/", StringComparison.Ordinal) || @new.StartsWith("b/", StringComparison.Ordinal);
        return IsPrefixed(old) && IsPrefixed(@new)
            && ((old[0] == 'a' && @new[0] == 'b') || (old[0] != @new[0] && old[2..] == @new[2..]));
    }

    internal static bool IsPrefixed(string name) => name.Length > 2 && name[1] == '/' && PrefixLetters.Contains(name[0], StringComparison.Ordinal);

    private static bool AreSame(ReadOnlySpan<byte> old, ReadOnlySpan<byte> @new)
        => old.SequenceEqual(@new) || (old.Length > 2 && old[1] == '/' && @new[1] == '/' && old[2..].SequenceEqual(@new[2..]));

    /// <summary>Where a name ends at a space and a time that looks like 2026-11-21 23:59.</summary>
    private static ReadOnlySpan<byte> WithoutTime(ReadOnlySpan<byte> rest)
    {
        ReadOnlySpan<byte> form = " 0000-00-00 00:00"u8;
        for (int start = 0; start + form.Length <= rest.Length; start++)
        {
            int i = 0;
            while (i < form.Length && (form[i] == '0' ? rest[start + i] is >= (byte)'0' and <= (byte)'9' : rest[start + i] == form[i]))
                i++;
            if (i == form.Length)
                return rest[..start];
        }

        return rest;
    }

    private static string Utf8(ReadOnlySpan<byte> name, int line)
        => System.Text.Unicode.Utf8.IsValid(name) ? Encoding.UTF8.GetString(name) : throw PatchErrors.Invalid(line, "a name is not UTF-8");
}
