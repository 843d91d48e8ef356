using System.Text.Json.Serialization;
using Pyro.Benchmarks;
using Pyro.Kvm;

namespace Pyro.Bench;

/// <summary>
/// From the wish for machines to their guests' first port writes, in a process that is already running: a new machine, a
/// restored one, and many restored from one snapshot.
/// </summary>
/// <param name="Runs">Of the first two; the forks are as many machines in all, or ten times each.</param>
/// <param name="VmToFirstInstructionUs">A machine with a kernel of one instruction.</param>
/// <param name="RestoreUs">A machine from a snapshot.</param>
/// <param name="Fork1Ms">The same, as the first of the next three.</param>
/// <param name="Fork10Ms">Ten machines from one snapshot, all of which live at once.</param>
/// <param name="Fork100Ms">A hundred.</param>
/// <param name="ForksPerSecond">A hundred by the median of their time.</param>
internal sealed record KvmReport(
    int Runs,
    Distribution VmToFirstInstructionUs,
    Distribution RestoreUs,
    [property: JsonPropertyName("fork1_ms")] Distribution Fork1Ms,
    [property: JsonPropertyName("fork10_ms")] Distribution Fork10Ms,
    [property: JsonPropertyName("fork100_ms")] Distribution Fork100Ms,
    double ForksPerSecond)
{
    private const int ForkRuns = 10;

    internal static KvmReport Measure(int runs)
    {
        using KvmSystem system = KvmSystem.Open();
        Distribution fresh = FirstInstruction.Measure(system, runs);
        using TinySnapshot snapshot = TinySnapshot.Take(system);
        var restores = new Restores(system, snapshot);
        Distribution restored = restores.Measure(runs, machines: 1, TimeSpan.FromMicroseconds(1));
        Distribution one = Forks(1), ten = Forks(10), hundred = Forks(100);
        return new KvmReport(runs, fresh, restored, one, ten, hundred, Math.Round(100_000 / hundred.Median, 1));

        Distribution Forks(int machines) => restores.Measure(ForkRuns, machines, TimeSpan.FromMilliseconds(1));
    }
}
