using ModelContextProtocol.Protocol;
using Pyro.Json;

namespace Pyro.Mcp.Tools;

/// <summary><c>vm_run</c>: one command in one throw-away machine.</summary>
internal static class VmRunTool
{
    // What a model can take in; more is told by stdout_truncated and stderr_truncated.
    internal const int MaxOutputBytes = 64 * 1024;

    internal static PyroTool Make(PyroMcpOptions options) => new()
    {
        Name = "vm_run",
        Title = "Run a command in a fresh virtual machine",
        Description =
            "Boots a fresh Linux virtual machine, runs one command in it, returns its exit code and output, and throws the machine away. "
            + "Nothing persists between calls: files written by one call do not exist in the next, so chain steps in one shell command line "
            + "(\"cd /tmp && ... && ...\"). The machine has no network and no access to the user's files. A non-zero exit_code is a normal "
            + $"result, not an error. exit_code 124 with timed_out means that timeout_seconds was reached. Each output is cut at {MaxOutputBytes / 1024} KiB: "
            + "redirect or filter long output (head, tail, grep).",
        Arguments =
        [
            CommonArguments.Environment(options),
            CommonArguments.Command,
            CommonArguments.VcpuCount,
            CommonArguments.MemMib,
            CommonArguments.TimeoutSeconds,
            new("ttl_seconds", $$"""{ "type": "integer", "description": "How long the machine may live in all; larger than timeout_seconds.", "minimum": 1, "maximum": {{RunRequest.MaxSeconds}}, "default": {{CommonArguments.Defaults.TtlSeconds}} }"""),
            CommonArguments.Env,
            new("workdir", """{ "type": "string", "description": "The command's working directory, an absolute path in the guest.", "pattern": "^/" }"""),
            new("allow_host_compat", """{ "type": "boolean", "description": "If no virtual machine can run on this computer, run the command on the computer itself, WITHOUT isolation. Only with the user's consent.", "default": false }"""),
        ],
        Output = "run",
        Doing = "starting a machine",
        // A throw-away machine without a network changes nothing anywhere; a command on the host may.
        IsDestructive = true,
        Work = RunAsync,
    };

    private static async Task<CallToolResult> RunAsync(ToolCall call)
    {
        ToolArguments arguments = call.Arguments;
        (int vcpuCount, int memMib) = CommonArguments.Size(arguments);
        var run = new RunRequest
        {
            Environment = arguments.Text("environment") ?? call.Options.DefaultEnvironment,
            Command = arguments.Command(CommonArguments.Command.Name),
            VcpuCount = vcpuCount,
            MemMib = memMib,
            TimeoutSeconds = CommonArguments.Timeout(arguments),
            TtlSeconds = arguments.Integer("ttl_seconds", CommonArguments.Defaults.TtlSeconds),
            Env = arguments.Map(CommonArguments.Env.Name),
            Workdir = arguments.Text("workdir"),
            AllowHostCompat = arguments.Flag("allow_host_compat"),
            MaxOutputBytes = MaxOutputBytes,
        };
        RunResult result = await call.Client.RunInVmAsync(run, null, call.Progress, call.CancellationToken).ConfigureAwait(false);
        return ToolCall.Result(result, PyroJson.Compact.RunResult);
    }
}
