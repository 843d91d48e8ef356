using System.Diagnostics;
using Pyro.Benchmarks;
using Pyro.Kvm;
using Pyro.Vmm;

namespace Pyro.Bench;

/// <summary>
/// Restores machines from one snapshot, one after the other, all of which live at once, and takes the time until the last
/// guest's port write is seen. Taking them apart is not in it.
/// </summary>
internal sealed class Restores(KvmSystem system, TinySnapshot snapshot)
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10);

    internal Distribution Measure(int runs, int machines, TimeSpan unit)
    {
        // The first is the process's own start: pages of code and file that nobody has touched yet.
        _ = Once(machines);
        return Distribution.Of(Enumerable.Range(0, runs).Select(_ => Once(machines) / unit));
    }

    private TimeSpan Once(int count)
    {
        FirstWrite[] ports = [.. Enumerable.Range(0, count).Select(_ => new FirstWrite())];
        var machines = new List<Machine>(count);
        try
        {
            long start = Stopwatch.GetTimestamp();
            foreach (FirstWrite port in ports)
            {
                Machine machine = snapshot.Restore(system, port);
                machines.Add(machine);
                machine.Start();
            }

            if (!ports.All(p => p.Wait(s_limit)))
                throw new BenchException("a restored guest's port write was not seen in ten seconds");
            return Stopwatch.GetElapsedTime(start, ports.Max(p => p.Time));
        }
        finally
        {
            // Each waits for the kernel, and they can wait together.
            Parallel.ForEach(machines, machine => machine.Dispose());
            foreach (FirstWrite port in ports)
                port.Dispose();
        }
    }
}
