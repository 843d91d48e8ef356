namespace Pyro.Machines;

/// <summary>How long a machine took to start.</summary>
/// <param name="Spawn">Until its process ran and had its configuration.</param>
/// <param name="VmCreation">From then until it was built, its kernel loaded or its snapshot restored, and its first vCPU entered.</param>
/// <param name="Boot">From the guest's first instruction until the agent ran as init; zero after a restore.</param>
/// <param name="AgentReady">From then until the agent took commands.</param>
public sealed record MachineTimings(TimeSpan Spawn, TimeSpan VmCreation, TimeSpan Boot, TimeSpan AgentReady)
{
    /// <summary>Of a command whose machine was there, or that had none.</summary>
    internal static MachineTimings None { get; } = new(default, default, default, default);
}
