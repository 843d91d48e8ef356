namespace Pyro.Environments;

/// <summary>Where this machine gets Debian packages from: its own apt sources, else Debian's own servers.</summary>
internal static class DebianMirrors
{
    private const string Archive = "http://deb.debian.org/debian";
    private const string Security = "http://deb.debian.org/debian-security";

    private static readonly string[] s_suites = [DebianRecipe.Suite, $"{DebianRecipe.Suite}-updates", $"{DebianRecipe.Suite}-security"];

    /// <summary>One line of a sources.list for each suite.</summary>
    /// <param name="targets">What apt answers to <see cref="IndexTargets"/>; empty where there is no apt.</param>
    internal static IReadOnlyList<string> Lines(string targets)
    {
        var mirrors = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string line in targets.Split('\n'))
        {
            string[] words = line.Split('|');
            if (words is [string uri, string suite, "main", "Debian"] && IsPlain(uri))
                mirrors.TryAdd(suite, uri);
        }
        return [.. s_suites.Select(suite =>
            $"deb {mirrors.GetValueOrDefault(suite, suite.EndsWith("-security", StringComparison.Ordinal) ? Security : Archive)} {suite} main")];
    }

    /// <summary>The hosts of these lines, to be told to people.</summary>
    internal static string Hosts(IReadOnlyList<string> lines) =>
        string.Join(", ", lines.Select(line => new Uri(line.Split(' ')[1]).Host).Distinct(StringComparer.Ordinal));

    /// <summary>The question to apt whose answer <see cref="Lines"/> reads.</summary>
    internal static IReadOnlyList<string> IndexTargets { get; } =
        ["apt-get", "indextargets", "--format", "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)", "Created-By: Packages"];

    // A mirror with a password would end up in records, and one on a local disk is not seen in the new root.
    private static bool IsPlain(string uri) =>
        Uri.TryCreate(uri, UriKind.Absolute, out Uri? parsed) && parsed.Scheme is "http" or "https" && parsed.UserInfo.Length == 0;
}
