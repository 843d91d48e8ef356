namespace Pyro;

/// <summary>Where a run's time went, each in milliseconds on the host's clock.</summary>
/// <param name="Spawn">From the call until the machine's process ran; for a boot, until its machine was built and its kernel loaded.</param>
/// <param name="BootOrRestore">A boot: from the guest's first instruction until its agent ran as init. A restore: building the machine from its snapshot.</param>
/// <param name="AgentReady">From then until the agent took commands; after a restore, as a machine of its own.</param>
/// <param name="Exec">From the command's request until its end.</param>
/// <param name="Total">From the call until its result.</param>
public sealed record RunTimings(double Spawn, double BootOrRestore, double AgentReady, double Exec, double Total);
