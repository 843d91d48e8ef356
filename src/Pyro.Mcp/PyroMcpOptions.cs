namespace Pyro.Mcp;

/// <summary>What an MCP server serves.</summary>
public sealed record PyroMcpOptions
{
    /// <summary>One of <see cref="Contract.Profiles"/>.</summary>
    public string Profile { get; init; } = Contract.DefaultProfile;

    /// <summary>The environment of a call that names none.</summary>
    public string DefaultEnvironment { get; init; } = "debian:12";

    /// <summary>A folder or Git checkout on the host that workspaces begin with where a call does not say otherwise, or null.</summary>
    public string? ProjectPath { get; init; }
}
