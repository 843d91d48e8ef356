namespace Pyro.Workspaces.Files;

/// <summary>Paths as users write them: <c>/workspace/a</c> and <c>a</c> mean the same.</summary>
internal static class WorkspacePath
{
    internal const string Root = "/workspace";

    /// <summary>The path below the root, without a slash in front or behind; empty for the root itself.</summary>
    /// <exception cref="PyroException">It leads out of the workspace.</exception>
    internal static string Relative(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        string below = path;
        if (path.StartsWith('/'))
        {
            if (!path.StartsWith(Root, StringComparison.Ordinal) || (path.Length > Root.Length && path[Root.Length] != '/'))
                throw Outside(path);
            below = path[Root.Length..];
        }

        if (path.Contains('\0'))
            throw Outside(path);
        var parts = new List<string>();
        foreach (string part in below.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part == ".")
                continue;
            if (part != "..")
                parts.Add(part);
            else if (parts.Count > 0)
                parts.RemoveAt(parts.Count - 1);
            else
                throw Outside(path);
        }

        return string.Join('/', parts);
    }

    /// <summary>The path as it is shown.</summary>
    internal static string Absolute(string relative) => relative.Length == 0 ? Root : Root + "/" + relative;

    private static PyroException Outside(string path) => new(
        ErrorCodes.PathOutsideWorkspace,
        $"{Shown(path)} is not inside {Root}",
        $"Name a path below {Root}; what else is in the machine can be reached by a command.");

    /// <summary>A name that may come from a guest, for a message: one line, nothing that moves a terminal's cursor.</summary>
    internal static string Shown(string text)
    {
        Span<char> shown = stackalloc char[Math.Min(text.Length, 300)];
        for (int i = 0; i < shown.Length; i++)
            shown[i] = char.IsControl(text[i]) || char.GetUnicodeCategory(text[i]) == System.Globalization.UnicodeCategory.Format ? '?' : text[i];
        return text.Length > shown.Length ? new string(shown) + "..." : new string(shown);
    }
}
