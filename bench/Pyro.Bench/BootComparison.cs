using System.Globalization;
using Pyro.Benchmarks;
using Pyro.Kvm;
using Pyro.Protocol;

namespace Pyro.Bench;

/// <summary>Pyro and its peers in turns, so that whatever else the host does meets all of them.</summary>
internal static class BootComparison
{
    internal static async Task<BootReport> RunAsync(int runs)
    {
        string log = Path.Combine(Path.GetTempPath(), $"pyro-bench-{Environment.ProcessId}.log");
        string rootDisk = await Files.RootDiskAsync();
        using FileDescriptor listener = VsockSocket.Listen(Wire.ReadyPort);
        using MsbRun? msb = Files.Msb is string path ? new MsbRun(path, rootDisk) : null;
        var qemu = new QemuRun(listener, rootDisk);
        var ours = new Contender("pyro", () => Task.FromResult(PyroRun.Measure(log, cold: true)));
        var warm = new Contender("warm", () => Task.FromResult(PyroRun.Measure(log, cold: false)));
        var theirs = new Contender("qemu", () => qemu.MeasureAsync(log));
        Contender? sandbox = msb is null ? null : new Contender("msb", () => msb.MeasureAsync(log));
        Contender[] all = sandbox is null ? [ours, warm, theirs] : [ours, warm, theirs, sandbox];
        try
        {
            // Once each before the clock counts: the page cache then holds the same for all.
            foreach (Contender contender in all)
                _ = await contender.OnceAsync();
            for (int i = 0; i < runs; i++)
            {
                // None is always the one that comes after the same other.
                for (int turn = 0; turn < all.Length; turn++)
                {
                    Contender contender = all[(i + turn) % all.Length];
                    contender.Samples.Add(await contender.OnceAsync());
                }
                Console.Error.WriteLine($"[boot] run={i + 1}/{runs} {string.Join(' ', all.Select(c => string.Create(CultureInfo.InvariantCulture, $"{c.Name}_ms={c.Samples[i]:F0}")))}");
            }
        }
        finally
        {
            File.Delete(log);
        }
        return new BootReport(
            runs, ours.Spread, warm.Spread, theirs.Spread, sandbox?.Spread,
            ours.RatioTo(theirs), warm.RatioTo(ours), sandbox is null ? null : ours.RatioTo(sandbox), sandbox is null ? null : warm.RatioTo(sandbox),
            ours.Rounded, warm.Rounded, theirs.Rounded, sandbox?.Rounded);
    }

    private sealed record Contender(string Name, Func<Task<double>> Measure)
    {
        internal List<double> Samples { get; } = [];

        internal Distribution Spread => Distribution.Of(Samples);

        internal double[] Rounded => [.. Samples.Select(s => Math.Round(s, 1))];

        internal double RatioTo(Contender other) => Math.Round(Spread.Median / other.Spread.Median, 4);

        internal Task<double> OnceAsync()
        {
            FreedMemory.Clear();
            return Measure();
        }
    }
}
