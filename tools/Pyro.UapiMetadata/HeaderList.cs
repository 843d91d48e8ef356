namespace Pyro.UapiReader;

/// <summary>The headers to read, in groups that are read together.</summary>
internal static class HeaderList
{
    /// <summary>The list in headers.txt.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> Load()
    {
        using Stream stream = typeof(HeaderList).Assembly.GetManifestResourceStream("headers.txt")!;
        using var reader = new StreamReader(stream);
        return Parse(reader.ReadToEnd());
    }

    internal static IReadOnlyList<IReadOnlyList<string>> Parse(string text)
    {
        List<IReadOnlyList<string>> groups = [];
        List<string> group = [];
        foreach (string line in text.Split('\n').Append(""))
        {
            if (line.StartsWith('#'))
            {
                continue;
            }
            if (line.Length > 0)
            {
                group.Add(line.Trim());
            }
            else if (group.Count > 0)
            {
                groups.Add(group);
                group = [];
            }
        }
        return groups;
    }
}
