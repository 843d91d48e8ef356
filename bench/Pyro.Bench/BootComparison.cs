using Pyro.Benchmarks;
using Pyro.Kvm;
using Pyro.Protocol;

namespace Pyro.Bench;

/// <summary>Pyro and QEMU in turns, so that whatever else the host does meets both.</summary>
internal static class BootComparison
{
    internal static async Task<BootReport> RunAsync(int runs)
    {
        string log = Path.Combine(Path.GetTempPath(), $"pyro-bench-{Environment.ProcessId}.log");
        using FileDescriptor listener = VsockSocket.Listen(Wire.ReadyPort);
        var qemu = new QemuRun(listener, await Files.RootDiskAsync());
        var pyroMs = new double[runs];
        var qemuMs = new double[runs];
        try
        {
            // Once each before the clock counts: the page cache then holds the same for both.
            _ = Pyro();
            _ = await QemuAsync();
            for (int i = 0; i < runs; i++)
            {
                // Neither is always the one that comes after the other.
                if (i % 2 == 0)
                    pyroMs[i] = Pyro();
                qemuMs[i] = await QemuAsync();
                if (i % 2 == 1)
                    pyroMs[i] = Pyro();
                Console.Error.WriteLine($"[boot] run={i + 1}/{runs} pyro_ms={pyroMs[i]:F0} qemu_ms={qemuMs[i]:F0}");
            }
        }
        finally
        {
            File.Delete(log);
        }
        Distribution ours = Distribution.Of(pyroMs), theirs = Distribution.Of(qemuMs);
        return new BootReport(runs, ours, theirs, Math.Round(ours.Median / theirs.Median, 4), Rounded(pyroMs), Rounded(qemuMs));

        double Pyro()
        {
            FreedMemory.Clear();
            return PyroRun.Measure(log);
        }

        Task<double> QemuAsync()
        {
            FreedMemory.Clear();
            return qemu.MeasureAsync(log);
        }
    }

    private static double[] Rounded(double[] samples) => [.. samples.Select(s => Math.Round(s, 1))];
}
