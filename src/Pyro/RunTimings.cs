namespace Pyro;

/// <summary>Where a run's time went, each in milliseconds on the host's clock.</summary>
/// <param name="Spawn">From the call until the machine's process ran.</param>
/// <param name="BootOrRestore">Building the machine, and restoring its snapshot or booting until its agent ran as init.</param>
/// <param name="AgentReady">From then until the agent took commands; after a restore, as a machine of its own.</param>
/// <param name="Exec">From the command's request until its end.</param>
/// <param name="Total">From the call until its result.</param>
public sealed record RunTimings(double Spawn, double BootOrRestore, double AgentReady, double Exec, double Total);
