namespace Pyro.Machines;

/// <summary>What a machine is made of.</summary>
public sealed record MachineOptions
{
    /// <summary>The environment's name, as <c>debian:12</c>.</summary>
    public required string Environment { get; init; }

    /// <summary>Virtual processors, 1 to 32.</summary>
    public int VcpuCount { get; init; } = 1;

    /// <summary>Boot, even if there is a snapshot to go on from.</summary>
    public bool Cold { get; init; }

    /// <summary>
    /// Whether the machine is one that a workspace keeps: its file system has its journal, and it has a second, read-only disk
    /// that shows the workspace as it was at first.
    /// </summary>
    internal bool ForWorkspace { get; init; }

    /// <summary>Guest memory in MiB.</summary>
    public int MemMib { get; init; } = 1024;
}
