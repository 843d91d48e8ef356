namespace Pyro.Workspaces;

/// <summary>A workspace to be made.</summary>
public sealed record CreateWorkspaceRequest
{
    /// <summary>The environment's name, as <c>debian:12</c>.</summary>
    public required string Environment { get; init; }

    /// <summary>Virtual processors, 1 to 32.</summary>
    public int VcpuCount { get; init; } = 1;

    /// <summary>Guest memory in MiB, 64 or more.</summary>
    public int MemMib { get; init; } = 1024;

    /// <summary>How long it lives, in seconds; null for as long as nobody deletes it.</summary>
    public int? TtlSeconds { get; init; }

    /// <summary>A folder, Git checkout or archive on the host that its tree begins with, or null for an empty one.</summary>
    public string? SeedPath { get; init; }

    /// <summary>A name for people that no other workspace has, or null.</summary>
    public string? Name { get; init; }

    /// <summary>Words of its owner's.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Refuses what is outside the limits.</summary>
    /// <exception cref="PyroException">Some value is (<see cref="ErrorCodes.InvalidArgument"/>).</exception>
    public void Validate()
    {
        new RunRequest { Environment = Environment, Command = ["true"], VcpuCount = VcpuCount, MemMib = MemMib, TtlSeconds = TtlSeconds ?? 1 }.Validate();
        WorkspaceNames.RequireName(Name);
        WorkspaceNames.RequireLabels(Labels);
    }
}
