using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using Pyro.Json;

namespace Pyro.Mcp.Tools;

/// <summary><c>vm_run</c>: one command in one throw-away machine.</summary>
internal sealed class VmRunTool(PyroMcpContext context) : PyroTool
{
    // What a model can take in; more is told by stdout_truncated and stderr_truncated.
    private const int MaxOutputBytes = 64 * 1024;

    private static readonly RunRequest s_defaults = new() { Environment = "", Command = [] };

    private static readonly string[] s_arguments =
        ["environment", "command", "vcpu_count", "mem_mib", "timeout_seconds", "ttl_seconds", "env", "workdir", "allow_host_compat"];

    internal override Tool Description { get; } = new()
    {
        Name = "vm_run",
        Title = "Run a command in a fresh virtual machine",
        Description =
            "Boots a fresh Linux virtual machine, runs one command in it, returns its exit code and output, and throws the machine away. "
            + "Nothing persists between calls: files written by one call do not exist in the next, so chain steps in one shell command line "
            + "(\"cd /tmp && ... && ...\"). The machine has no network and no access to the user's files. A non-zero exit_code is a normal "
            + $"result, not an error. exit_code 124 with timed_out means that timeout_seconds was reached. Each output is cut at {MaxOutputBytes / 1024} KiB: "
            + "redirect or filter long output (head, tail, grep).",
        InputSchema = Schema($$"""
            {
              "type": "object",
              "properties": {
                "environment": {
                  "type": "string",
                  "description": "The guest image: debian:12 (git, curl), debian:12-base (minimal) or debian:12-build (compilers).",
                  "default": "{{context.Options.DefaultEnvironment}}"
                },
                "command": {
                  "description": "A command line for /bin/sh, or a list of program and arguments that no shell touches.",
                  "anyOf": [
                    { "type": "string", "minLength": 1 },
                    { "type": "array", "items": { "type": "string" }, "minItems": 1 }
                  ]
                },
                "vcpu_count": { "type": "integer", "description": "Virtual processors.", "minimum": {{RunRequest.MinVcpuCount}}, "maximum": {{RunRequest.MaxVcpuCount}}, "default": {{s_defaults.VcpuCount}} },
                "mem_mib": { "type": "integer", "description": "Memory in MiB.", "minimum": {{RunRequest.MinMemMib}}, "default": {{s_defaults.MemMib}} },
                "timeout_seconds": { "type": "integer", "description": "How long the command may run; raise it for builds and test suites.", "minimum": 1, "maximum": {{RunRequest.MaxSeconds}}, "default": {{s_defaults.TimeoutSeconds}} },
                "ttl_seconds": { "type": "integer", "description": "How long the machine may live in all; larger than timeout_seconds.", "minimum": 1, "maximum": {{RunRequest.MaxSeconds}}, "default": {{s_defaults.TtlSeconds}} },
                "env": { "type": "object", "description": "Environment variables of the command.", "additionalProperties": { "type": "string" } },
                "workdir": { "type": "string", "description": "The command's working directory, an absolute path in the guest.", "pattern": "^/" },
                "allow_host_compat": { "type": "boolean", "description": "If no virtual machine can run on this computer, run the command on the computer itself, WITHOUT isolation. Only with the user's consent.", "default": false }
              },
              "required": ["command"],
              "additionalProperties": false
            }
            """),
        OutputSchema = Schema("""
            {
              "type": "object",
              "properties": {
                "environment": { "type": "string" },
                "execution_mode": { "type": "string", "enum": ["guest_vsock", "host_compat"], "description": "host_compat means that the command ran without a virtual machine." },
                "exit_code": { "type": "integer", "description": "The command's own; 124 at the time limit, 126 not executable, 127 not found." },
                "stdout": { "type": "string" },
                "stderr": { "type": "string" },
                "stdout_truncated": { "type": "boolean" },
                "stderr_truncated": { "type": "boolean" },
                "timed_out": { "type": "boolean" },
                "timings_ms": {
                  "type": "object",
                  "properties": {
                    "spawn": { "type": "number" },
                    "boot_or_restore": { "type": "number" },
                    "agent_ready": { "type": "number" },
                    "exec": { "type": "number" },
                    "total": { "type": "number" }
                  },
                  "required": ["spawn", "boot_or_restore", "agent_ready", "exec", "total"]
                }
              },
              "required": ["environment", "execution_mode", "exit_code", "stdout", "stderr", "stdout_truncated", "stderr_truncated", "timed_out", "timings_ms"]
            }
            """),
        Annotations = new ToolAnnotations
        {
            // A throw-away machine without a network changes nothing anywhere; a command on the host may.
            ReadOnlyHint = false,
            DestructiveHint = true,
            IdempotentHint = false,
            OpenWorldHint = false,
        },
    };

    internal override async ValueTask<CallToolResult> CallAsync(RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken)
    {
        var arguments = new ToolArguments(request.Params?.Arguments, s_arguments);
        var run = new RunRequest
        {
            Environment = arguments.Text("environment") ?? context.Options.DefaultEnvironment,
            Command = arguments.Command("command"),
            VcpuCount = arguments.Integer("vcpu_count", s_defaults.VcpuCount),
            MemMib = arguments.Integer("mem_mib", s_defaults.MemMib),
            TimeoutSeconds = arguments.Integer("timeout_seconds", s_defaults.TimeoutSeconds),
            TtlSeconds = arguments.Integer("ttl_seconds", s_defaults.TtlSeconds),
            Env = arguments.Map("env"),
            Workdir = arguments.Text("workdir"),
            AllowHostCompat = arguments.Flag("allow_host_compat"),
            MaxOutputBytes = MaxOutputBytes,
        };
        await using ProgressReporter? progress = ProgressReporter.For(request);
        RunResult result = await context.Client.RunInVmAsync(run, null, progress, cancellationToken).ConfigureAwait(false);
        return Success(result, PyroJson.Compact.RunResult);
    }
}
