namespace Pyro.Benchmarks;

/// <summary>
/// One run of a command in one machine, or in several at once, split where its time went; all in milliseconds. Of several,
/// the parts are their averages, and the total is that of the last.
/// </summary>
/// <param name="Spawn">From the call until the machine's process had its configuration.</param>
/// <param name="VmCreation">From then until the machine was built, its kernel was loaded or its snapshot restored, and its first vCPU started.</param>
/// <param name="Kernel">From the guest's first instruction until the agent ran as init; 0 after a restore.</param>
/// <param name="AgentReady">From then until the agent took commands.</param>
/// <param name="Exec">From the command's request until its end.</param>
/// <param name="Total">From the call until its result, taking the machine apart included.</param>
public sealed record BootSample(double Spawn, double VmCreation, double Kernel, double AgentReady, double Exec, double Total)
{
    /// <summary>From the call until each machine had answered, in no order.</summary>
    public IReadOnlyList<double> Answers { get; init; } = [];

    /// <summary>How long a machine that was forked stood still; null of other starts.</summary>
    public double? Pause { get; init; }

    /// <summary>How long its processes did; null of other starts.</summary>
    public double? Held { get; init; }
}
