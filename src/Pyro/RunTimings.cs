namespace Pyro;

/// <summary>Where a run's time went, each in milliseconds on the host's clock.</summary>
/// <param name="Spawn">From the call until the machine's process had its machine built and its kernel loaded.</param>
/// <param name="BootOrRestore">From the guest's first instruction until its agent ran as init.</param>
/// <param name="AgentReady">From then until the agent took commands.</param>
/// <param name="Exec">From the command's request until its end.</param>
/// <param name="Total">From the call until its result.</param>
public sealed record RunTimings(double Spawn, double BootOrRestore, double AgentReady, double Exec, double Total);
