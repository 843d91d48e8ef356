namespace Pyro.Machines;

/// <summary>How long a machine took to start.</summary>
/// <param name="Spawn">Until its process had it built and its kernel loaded.</param>
/// <param name="Boot">From the guest's first instruction until the agent ran as init.</param>
/// <param name="AgentReady">From then until the agent took commands.</param>
public sealed record MachineTimings(TimeSpan Spawn, TimeSpan Boot, TimeSpan AgentReady);
