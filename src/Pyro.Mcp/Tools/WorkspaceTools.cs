using ModelContextProtocol.Protocol;
using Pyro.Json;
using Pyro.Workspaces;

namespace Pyro.Mcp.Tools;

/// <summary>Workspaces as a whole: made, looked at, put back, deleted.</summary>
internal static class WorkspaceTools
{
    private const string LabelsSchema = """{ "type": "object", "description": "Labels to set.", "additionalProperties": { "type": "string" } }""";

    internal static PyroTool Create(PyroMcpOptions options) => new()
    {
        Name = "workspace_create",
        Title = "Create a workspace",
        Description =
            "Creates a persistent Linux virtual machine with a /workspace folder, and returns its workspace_id for all other workspace tools. "
            + "Use it when work takes several steps: commands, files and installed packages stay from call to call until workspace_delete. "
            + "It has no network. The state after creation is the baseline: workspace_diff compares with it, workspace_reset returns to it. "
            + (options.ProjectPath is null ? "/workspace begins empty unless seed_path is given." : "/workspace begins with the user's project unless seed_path says otherwise; changes there never reach the user's files by themselves."),
        Arguments =
        [
            CommonArguments.Environment(options),
            CommonArguments.VcpuCount,
            CommonArguments.MemMib,
            new("ttl_seconds", $$"""{ "type": "integer", "description": "Delete the workspace by itself after this time. Without: it stays until it is deleted.", "minimum": 1, "maximum": {{RunRequest.MaxSeconds}} }"""),
            new(
                "seed_path",
                $$"""{ "type": "string", "description": "A folder or .tar, .tar.gz, .tgz on the user's computer that /workspace begins with; of a Git checkout what Git tracks or would add. {{(options.ProjectPath is null ? "Without: an empty folder." : "Without: the user's project. An empty string: an empty folder.")}}" }"""),
            new("name", """{ "type": "string", "description": "A name for people, which no other workspace has." }"""),
            new("labels", LabelsSchema),
        ],
        Output = "workspace",
        Doing = "starting a machine",
        Work = CreateAsync,
    };

    internal static PyroTool List() => new()
    {
        Name = "workspace_list",
        Title = "List workspaces",
        Description = "Lists all workspaces of this user, also those of other sessions, with state (running, stopped, damaged), environment, name and labels. Use it to find a workspace again.",
        Arguments = [],
        Output = "workspace_list",
        Doing = "looking",
        IsReadOnly = true,
        Work = static async call => ToolCall.Result(await call.Client.ListWorkspacesAsync(call.CancellationToken).ConfigureAwait(false), PyroJson.Compact.WorkspaceList),
    };

    internal static PyroTool Status() => new()
    {
        Name = "workspace_status",
        Title = "Look at a workspace",
        Description = "Tells the state of one workspace: running or stopped and why, size, what it was seeded with, how many commands ran since the last reset, when it ends by itself.",
        Arguments = [CommonArguments.WorkspaceId],
        Output = "workspace",
        Doing = "looking",
        IsReadOnly = true,
        Work = static async call => ToolCall.Result(await call.Client.StatusWorkspaceAsync(call.Workspace, call.CancellationToken).ConfigureAwait(false), PyroJson.Compact.Workspace),
    };

    internal static PyroTool Update() => new()
    {
        Name = "workspace_update",
        Title = "Name and label a workspace",
        Description = "Changes a workspace's name and labels; what is not given stays. Machine and files are not touched.",
        Arguments =
        [
            CommonArguments.WorkspaceId,
            new("name", """{ "type": "string", "description": "A new name, which no other workspace has." }"""),
            new("clear_name", """{ "type": "boolean", "description": "Take the name away.", "default": false }"""),
            new("labels", LabelsSchema),
            new("clear_labels", """{ "type": "array", "items": { "type": "string" }, "description": "Labels to take away." }"""),
        ],
        Output = "workspace",
        Doing = "writing",
        IsIdempotent = true,
        Work = UpdateAsync,
    };

    internal static PyroTool Reset() => new()
    {
        Name = "workspace_reset",
        Title = "Put a workspace back",
        Description =
            "Puts the whole machine back to how it was created: disk, memory and processes. All changes since then are lost, also outside /workspace; "
            + "export or diff first what is to be kept. Id, name and labels stay, the history of commands begins anew. Quicker than a new workspace. Also starts a stopped one.",
        Arguments = [CommonArguments.WorkspaceId],
        Output = "workspace",
        Doing = "putting the machine back",
        IsDestructive = true,
        IsIdempotent = true,
        Work = static async call => ToolCall.Result(
            await call.Client.ResetWorkspaceAsync(call.Workspace, WorkspaceSnapshot.Baseline, call.Progress, call.CancellationToken).ConfigureAwait(false), PyroJson.Compact.Workspace),
    };

    internal static PyroTool Delete() => new()
    {
        Name = "workspace_delete",
        Title = "Delete a workspace",
        Description = "Ends a workspace's machine and deletes it with all its files, snapshots and logs. Cannot be undone: export first what is to be kept. Delete workspaces that are no longer needed.",
        Arguments = [CommonArguments.WorkspaceId],
        Output = "workspace_deleted",
        Doing = "deleting",
        IsDestructive = true,
        Work = static async call => ToolCall.Result(await call.Client.DeleteWorkspaceAsync(call.Workspace, call.CancellationToken).ConfigureAwait(false), PyroJson.Compact.DeletedWorkspace),
    };

    private static async Task<CallToolResult> CreateAsync(ToolCall call)
    {
        ToolArguments arguments = call.Arguments;
        (int vcpuCount, int memMib) = CommonArguments.Size(arguments);
        string? seed = arguments.Text("seed_path") ?? call.Options.ProjectPath;
        var request = new CreateWorkspaceRequest
        {
            Environment = arguments.Text("environment") ?? call.Options.DefaultEnvironment,
            VcpuCount = vcpuCount,
            MemMib = memMib,
            TtlSeconds = arguments.Has("ttl_seconds") ? arguments.Integer("ttl_seconds", 0) : null,
            SeedPath = seed is { Length: > 0 } ? seed : null,
            Name = arguments.Text("name"),
            Labels = arguments.Map("labels"),
        };
        return ToolCall.Result(await call.Client.CreateWorkspaceAsync(request, call.Progress, call.CancellationToken).ConfigureAwait(false), PyroJson.Compact.Workspace);
    }

    private static async Task<CallToolResult> UpdateAsync(ToolCall call)
    {
        var request = new UpdateWorkspaceRequest
        {
            Name = call.Arguments.Text("name"),
            ClearName = call.Arguments.Flag("clear_name"),
            Labels = call.Arguments.Map("labels"),
            ClearLabels = call.Arguments.Words("clear_labels"),
        };
        return ToolCall.Result(await call.Client.UpdateWorkspaceAsync(call.Workspace, request, call.CancellationToken).ConfigureAwait(false), PyroJson.Compact.Workspace);
    }
}
