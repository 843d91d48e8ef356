using Pyro.Mcp.Tools;

namespace Pyro.Mcp;

/// <summary>The one table of what each profile serves. Command line and server read it.</summary>
public static class Contract
{
    /// <summary>The profile of a server that is told none.</summary>
    public const string DefaultProfile = "workspace-core";

    private static readonly (string Profile, string About, Func<PyroMcpOptions, PyroTool[]> Tools)[] s_table =
    [
        (
            "vm-run",
            "Pyro runs commands in disposable Linux virtual machines: each call of vm_run boots a fresh one, and nothing of it remains. "
            + "Use it for whatever you would not run on the user's own machine: unknown code, installs, experiments.",
            static options => [VmRunTool.Make(options)]
        ),
        (
            DefaultProfile,
            "Pyro gives you disposable Linux virtual machines. vm_run runs one command in a fresh machine of which nothing remains. For work of several steps make a workspace: "
            + "workspace_create, then workspace_exec and the file tools, workspace_diff to see what changed, workspace_export to hand results to the user, workspace_reset to begin again, "
            + "workspace_delete at the end. Machines have no network and cannot reach the user's files but by these tools. Use them for whatever you would not run on the user's own machine.",
            static options =>
            [
                VmRunTool.Make(options),
                WorkspaceTools.Create(options),
                WorkspaceTools.List(),
                WorkspaceTools.Update(),
                WorkspaceTools.Status(),
                FileTools.SyncPush(),
                CommandTools.Exec(),
                CommandTools.Logs(),
                CommandTools.Summary(),
                FileTools.List(),
                FileTools.Read(),
                FileTools.Write(),
                FileTools.Patch(),
                FileTools.Diff(),
                FileTools.Export(),
                WorkspaceTools.Reset(),
                WorkspaceTools.Delete(),
            ]
        ),
    ];

    /// <summary>The profiles there are.</summary>
    public static IReadOnlyList<string> Profiles { get; } = Array.ConvertAll(s_table, static row => row.Profile);

    /// <summary>What a profile's tools are for, in words for a model.</summary>
    internal static string AboutOf(string profile) => Find(profile).About;

    internal static PyroTool[] ToolsOf(string profile, PyroMcpOptions options) => Find(profile).Tools(options);

    private static (string Profile, string About, Func<PyroMcpOptions, PyroTool[]> Tools) Find(string profile)
    {
        foreach ((string Profile, string About, Func<PyroMcpOptions, PyroTool[]> Tools) row in s_table)
        {
            if (row.Profile == profile)
                return row;
        }
        throw new PyroException(ErrorCodes.InvalidArgument, $"there is no MCP profile {profile}", $"Choose one of: {string.Join(", ", Profiles)}");
    }
}
