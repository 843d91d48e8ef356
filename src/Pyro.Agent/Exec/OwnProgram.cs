namespace Pyro.Agent.Exec;

/// <summary>
/// How the agent starts itself, as a tool. Its file lies in the initramfs, which nothing can name any more once the root
/// disk is the root; the kernel's link to it still leads there.
/// </summary>
internal static class OwnProgram
{
    /// <summary>The verb that makes a tool of it.</summary>
    public const string ToolVerb = "tool";

    public const string Path = "/proc/self/exe";

    // In tests it is a library that dotnet runs, and that the first argument names.
    private static readonly string[] s_start = Environment.GetCommandLineArgs()[0] is var first && first.EndsWith(".dll", StringComparison.Ordinal)
        ? ["dotnet", first, ToolVerb]
        : ["pyro-agent", ToolVerb];

    /// <summary>The whole argument list of a tool.</summary>
    public static string[] Arguments(IReadOnlyList<string> tool) => [.. s_start, .. tool];
}
