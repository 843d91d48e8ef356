namespace Pyro.Environments;

/// <summary>One of the environments made from Debian packages.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it is for.</param>
/// <param name="Packages">What it has beside Debian's essential packages and apt.</param>
internal sealed record DebianRecipe(string Name, string Description, IReadOnlyList<string> Packages)
{
    internal const string Suite = "bookworm";

    private static readonly string[] s_common = ["ca-certificates", "curl", "git", "less", "procps"];

    internal static IReadOnlyList<DebianRecipe> All { get; } =
    [
        new("debian:12", "Debian 12 with git, curl and ca-certificates", s_common),
        new("debian:12-base", "Debian 12, minimal: what Debian calls essential, and apt", []),
        new("debian:12-build", "Debian 12 with git and build tools: gcc, g++, make, pkg-config", [.. s_common, "build-essential", "patch", "pkg-config", "unzip", "xz-utils"]),
    ];
}
