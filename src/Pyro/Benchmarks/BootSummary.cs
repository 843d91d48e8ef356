namespace Pyro.Benchmarks;

/// <summary>A series of <see cref="BootSample"/>s: a line of the history. All in milliseconds.</summary>
public sealed record BootSummary
{
    /// <summary>When the series ended.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>The commit that was measured, or <c>unknown</c>.</summary>
    public required string Commit { get; init; }

    /// <summary>On what kind of host: only series of one kind can be compared.</summary>
    public required string Host { get; init; }

    /// <summary>The environment that was booted.</summary>
    public required string Environment { get; init; }

    /// <summary>The guest's vCPUs.</summary>
    public required int VcpuCount { get; init; }

    /// <summary>The guest's memory in MiB.</summary>
    public required int MemMib { get; init; }

    /// <summary>How the machines started: <c>cold</c>, <c>warm</c> or <c>fork</c>.</summary>
    public required string Start { get; init; }

    /// <summary>How many machines started at once: forks of one snapshot, if they started warm.</summary>
    public required int Machines { get; init; }

    /// <summary>How many runs.</summary>
    public required int Runs { get; init; }

    /// <summary><see cref="BootSample.Spawn"/>.</summary>
    public required Distribution Spawn { get; init; }

    /// <summary><see cref="BootSample.VmCreation"/>.</summary>
    public required Distribution VmCreation { get; init; }

    /// <summary><see cref="BootSample.Kernel"/>.</summary>
    public required Distribution Kernel { get; init; }

    /// <summary><see cref="BootSample.AgentReady"/>.</summary>
    public required Distribution AgentReady { get; init; }

    /// <summary><see cref="BootSample.Exec"/>.</summary>
    public required Distribution Exec { get; init; }

    /// <summary><see cref="BootSample.Total"/>.</summary>
    public required Distribution Total { get; init; }

    /// <summary>From the call until a machine had answered, of all machines of all runs; null in lines of an older pyro.</summary>
    public Distribution? Answer { get; init; }

    /// <summary>How many machines answered in a second: the machines of a run by the median of the time until the last of them had.</summary>
    public double? MachinesPerSecond { get; init; }

    /// <summary>How long a machine that was forked stood still; null of other starts.</summary>
    public Distribution? Pause { get; init; }

    /// <summary>How long its processes did; null of other starts.</summary>
    public Distribution? Held { get; init; }

    /// <summary>Sums up a series.</summary>
    /// <exception cref="ArgumentException">There are no samples.</exception>
    public static BootSummary Of(IReadOnlyList<BootSample> samples, string commit, string host, string environment, int vcpuCount, int memMib, DateTimeOffset time) => new()
    {
        Time = time,
        Commit = commit,
        Host = host,
        Environment = environment,
        VcpuCount = vcpuCount,
        MemMib = memMib,
        Start = "cold",
        Machines = 1,
        Runs = samples.Count,
        Spawn = Of(samples, s => s.Spawn),
        VmCreation = Of(samples, s => s.VmCreation),
        Kernel = Of(samples, s => s.Kernel),
        AgentReady = Of(samples, s => s.AgentReady),
        Exec = Of(samples, s => s.Exec),
        Total = Of(samples, s => s.Total),
        Answer = TryOf(samples, s => s.Answers),
        MachinesPerSecond = samples.Any(s => s.Answers.Count == 0)
            ? null
            : Math.Round(1000 * samples[0].Answers.Count / Of(samples, s => s.Answers.Max()).Median, 2),
        Pause = TryOf(samples, s => s.Pause is double pause ? [pause] : []),
        Held = TryOf(samples, s => s.Held is double held ? [held] : []),
    };

    private static Distribution Of(IReadOnlyList<BootSample> samples, Converter<BootSample, double> part) =>
        Distribution.Of(Array.ConvertAll([.. samples], part));

    private static Distribution? TryOf(IReadOnlyList<BootSample> samples, Func<BootSample, IReadOnlyList<double>> parts)
    {
        var all = new List<double>();
        foreach (BootSample sample in samples)
            all.AddRange(parts(sample));
        return all.Count == 0 ? null : Distribution.Of(all);
    }
}
