using System.Globalization;
using Pyro.Vmm;

namespace Pyro.Cli.Output;

/// <summary>Prints what a machine did as a small table.</summary>
internal static class StatsPrinter
{
    internal static void Print(TextWriter output, RunStats? stats)
    {
        if (stats is null)
        {
            output.WriteLine("pyro: no statistics: there is no machine that could tell them");
            return;
        }

        output.WriteLine(Row("", "port", "mmio", "interrupted"));
        output.WriteLine(Row("exits", $"{stats.Exits.Port}", $"{stats.Exits.Mmio}", $"{stats.Exits.Interrupted}"));
        output.WriteLine(Row("", "notifications", "interrupts"));
        foreach (DeviceCounts device in stats.Devices)
            output.WriteLine(Row(device.Device, $"{device.Notifications}", $"{device.Interrupts}"));
        if (stats.MemoryKib is MachineMemory memory)
        {
            output.WriteLine(Row("", "private", "peak"));
            output.WriteLine(Row("memory", Mebibytes(memory.Private), Mebibytes(memory.Peak)));
        }
    }

    private static string Row(string name, params ReadOnlySpan<string> cells)
    {
        string row = name.PadRight(8);
        foreach (string cell in cells)
            row += cell.PadLeft(15);
        return row;
    }

    private static string Mebibytes(long kib) => (kib / 1024.0).ToString("0.0", CultureInfo.InvariantCulture) + " MiB";
}
