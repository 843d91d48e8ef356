using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using Pyro.Benchmarks;
using Pyro.Kvm;
using Pyro.Vmm;
using Pyro.Vmm.Boot;
using Pyro.Vmm.Devices;

namespace Pyro.Bench;

/// <summary>
/// Builds whole machines of the VMM (128 MiB, one vCPU, interrupt controllers, serial port), as its process does, and
/// takes the time until the guest's first port write is seen. Taking the machine apart is not in it.
/// </summary>
internal static class FirstInstruction
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10);

    internal static Distribution Measure(KvmSystem system, int runs)
    {
        string path = Path.Combine(Path.GetTempPath(), $"pyro-bench-{Environment.ProcessId}.elf");
        TinyKernel.Write(path, TinyKernel.WritesAtOnce);
        try
        {
            using SafeFileHandle kernel = File.OpenHandle(path);
            // The first is the process's own start: pages of code that nobody has touched yet.
            _ = Once(system, kernel);
            return Distribution.Of(Enumerable.Range(0, runs).Select(_ => Once(system, kernel)));
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static double Once(KvmSystem system, SafeFileHandle kernel)
    {
        using var console = new ConsoleLog(null);
        using var port = new FirstWrite();
        long start = Stopwatch.GetTimestamp();
        using var machine = new Machine(system, new MachineOptions { Console = console, MemoryBytes = 128UL << 20 });
        machine.Ports.Add(TinyKernel.Port, 1, port);
        machine.LoadKernel(kernel, "tiny kernel", null, "", BootProtocol.Linux64);
        machine.Start();
        return port.Wait(s_limit)
            ? Stopwatch.GetElapsedTime(start, port.Time).TotalMicroseconds
            : throw new BenchException("the guest's port write was not seen in ten seconds");
    }
}
