using ModelContextProtocol.Protocol;
using Pyro.Json;
using Pyro.Workspaces;

namespace Pyro.Mcp.Tools;

/// <summary>Commands in a workspace, and what became of them.</summary>
internal static class CommandTools
{
    // What a model can take in of the past.
    private const int LoggedCommands = 20;
    private const int LoggedBytes = 4 * 1024;

    internal static PyroTool Exec() => new()
    {
        Name = "workspace_exec",
        Title = "Run a command in a workspace",
        Description =
            "Runs one command in a running workspace to its end and returns exit code and output. Files, packages and background processes stay for the next call; "
            + "working directory and environment variables of one call do not. A non-zero exit_code is a normal result, not an error. exit_code 124 with timed_out "
            + "means that timeout_seconds was reached: all that the command started was killed, raise the limit for builds and tests. Several calls may run at once. "
            + $"Each output is cut at {VmRunTool.MaxOutputBytes / 1024} KiB (stdout_truncated): redirect long output to a file and look at parts of it.",
        Arguments =
        [
            CommonArguments.WorkspaceId,
            CommonArguments.Command,
            CommonArguments.TimeoutSeconds,
            new("workdir", $$"""{ "type": "string", "description": "The command's working directory, an absolute path in the guest.", "pattern": "^/", "default": "{{Workspace.Path}}" }"""),
            CommonArguments.Env,
        ],
        Output = "workspace_exec",
        Doing = "the command runs",
        IsDestructive = true,
        Work = ExecAsync,
    };

    internal static PyroTool Logs() => new()
    {
        Name = "workspace_logs",
        Title = "Show past commands",
        Description =
            $"Shows the last {LoggedCommands} commands of a workspace since its last reset, with exit codes and the last {LoggedBytes / 1024} KiB of what each printed. "
            + "Use it to see the end of output that was cut, or what another session did. Works on stopped workspaces too.",
        Arguments = [CommonArguments.WorkspaceId],
        Output = "workspace_logs",
        Doing = "looking",
        IsReadOnly = true,
        Work = static async call => ToolCall.Result(
            await call.Client.LogsWorkspaceAsync(call.Workspace, LoggedCommands, LoggedBytes, call.CancellationToken).ConfigureAwait(false), PyroJson.Compact.WorkspaceLogs),
    };

    internal static PyroTool Summary() => new()
    {
        Name = "workspace_summary",
        Title = "Summarize a workspace",
        Description =
            "Tells in a few lines what happened in a workspace since its last reset: commands with exit codes, files written and patched, what was brought in and copied out, snapshots, "
            + "and what differs from the baseline if it runs. Use it to take up work again, or to report to the user.",
        Arguments = [CommonArguments.WorkspaceId],
        Output = "workspace_summary",
        Doing = "looking",
        IsReadOnly = true,
        Work = static async call =>
        {
            WorkspaceSummary summary = await call.Client.SummarizeWorkspaceAsync(call.Workspace, call.CancellationToken).ConfigureAwait(false);
            return ToolCall.Result(summary, PyroJson.Compact.WorkspaceSummary, summary.ToText());
        },
    };

    private static async Task<CallToolResult> ExecAsync(ToolCall call)
    {
        var request = new WorkspaceExecRequest
        {
            Command = call.Arguments.Command(CommonArguments.Command.Name),
            TimeoutSeconds = CommonArguments.Timeout(call.Arguments),
            Workdir = call.Arguments.Text("workdir") ?? Workspace.Path,
            Env = call.Arguments.Map(CommonArguments.Env.Name),
            MaxOutputBytes = VmRunTool.MaxOutputBytes,
        };
        return ToolCall.Result(await call.Client.ExecWorkspaceAsync(call.Workspace, request, null, call.CancellationToken).ConfigureAwait(false), PyroJson.Compact.WorkspaceExecResult);
    }
}
