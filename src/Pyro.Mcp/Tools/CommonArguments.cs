namespace Pyro.Mcp.Tools;

/// <summary>Arguments that several tools have.</summary>
internal static class CommonArguments
{
    /// <summary>What a call that says nothing gets.</summary>
    internal static readonly RunRequest Defaults = new() { Environment = "", Command = [] };

    internal static readonly ToolArgument WorkspaceId = new(
        "workspace_id", """{ "type": "string", "minLength": 1, "description": "The workspace: its id, a unique beginning of the id, or its name." }""", isRequired: true);

    internal static readonly ToolArgument Command = new(
        "command",
        """
        {
          "description": "A command line for /bin/sh, or a list of program and arguments that no shell touches.",
          "anyOf": [
            { "type": "string", "minLength": 1 },
            { "type": "array", "items": { "type": "string" }, "minItems": 1 }
          ]
        }
        """,
        isRequired: true);

    internal static readonly ToolArgument VcpuCount = new(
        "vcpu_count",
        $$"""{ "type": "integer", "description": "Virtual processors.", "minimum": {{RunRequest.MinVcpuCount}}, "maximum": {{RunRequest.MaxVcpuCount}}, "default": {{Defaults.VcpuCount}} }""");

    internal static readonly ToolArgument MemMib = new(
        "mem_mib",
        $$"""{ "type": "integer", "description": "Memory in MiB; more for builds.", "minimum": {{RunRequest.MinMemMib}}, "default": {{Defaults.MemMib}} }""");

    internal static readonly ToolArgument TimeoutSeconds = new(
        "timeout_seconds",
        $$"""{ "type": "integer", "description": "How long the command may run; raise it for builds and test suites.", "minimum": 1, "maximum": {{RunRequest.MaxSeconds}}, "default": {{Defaults.TimeoutSeconds}} }""");

    internal static readonly ToolArgument Env = new(
        "env", """{ "type": "object", "description": "Environment variables of the command.", "additionalProperties": { "type": "string" } }""");

    internal static ToolArgument Environment(PyroMcpOptions options) => new(
        "environment",
        $$"""{ "type": "string", "description": "The guest image: debian:12 (git, curl), debian:12-base (minimal) or debian:12-build (compilers).", "default": "{{options.DefaultEnvironment}}" }""");

    /// <summary>A path in the workspace.</summary>
    internal static ToolArgument Path(string description, bool isRequired = true) => new(
        "path", $$"""{ "type": "string", "minLength": 1, "description": "{{description}} Below /workspace, absolute (/workspace/src/a.c) or relative to it (src/a.c)." }""", isRequired);

    /// <summary>The arguments of a machine's size, as they came.</summary>
    internal static (int VcpuCount, int MemMib) Size(ToolArguments arguments) =>
        (arguments.Integer(VcpuCount.Name, Defaults.VcpuCount), arguments.Integer(MemMib.Name, Defaults.MemMib));

    internal static int Timeout(ToolArguments arguments) => arguments.Integer(TimeoutSeconds.Name, Defaults.TimeoutSeconds);
}
