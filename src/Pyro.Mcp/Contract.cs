using Pyro.Mcp.Tools;

namespace Pyro.Mcp;

/// <summary>The one table of what each profile serves. Command line and server read it.</summary>
public static class Contract
{
    /// <summary>The profile of a server that is told none.</summary>
    public const string DefaultProfile = VmRunProfile;

    private const string VmRunProfile = "vm-run";

    private static readonly (string Profile, Func<PyroMcpContext, PyroTool>[] Tools)[] s_table =
    [
        (VmRunProfile, [static context => new VmRunTool(context)]),
    ];

    /// <summary>The profiles there are.</summary>
    public static IReadOnlyList<string> Profiles { get; } = Array.ConvertAll(s_table, static row => row.Profile);

    internal static PyroTool[] ToolsOf(string profile, PyroMcpContext context)
    {
        foreach ((string name, Func<PyroMcpContext, PyroTool>[] tools) in s_table)
        {
            if (name == profile)
                return Array.ConvertAll(tools, make => make(context));
        }
        throw new PyroException(ErrorCodes.InvalidArgument, $"there is no MCP profile {profile}", $"Choose one of: {string.Join(", ", Profiles)}");
    }
}
