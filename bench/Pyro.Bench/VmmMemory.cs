using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Pyro.Benchmarks;
using Pyro.Kvm;

namespace Pyro.Bench;

/// <summary>
/// The private dirty memory of a machine's process, beside the mapping that is the guest's memory: read from
/// <c>/proc/PID/smaps</c> while the guest of 128 MiB runs a command.
/// </summary>
internal static class VmmMemory
{
    private const int GuestMib = 128;
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(120);

    internal static MemoryReport Measure(int runs) =>
        new(runs, 1, GuestMib, Several(runs, cold: true), Several(runs, cold: false));

    private static Distribution Several(int runs, bool cold) => Distribution.Of(Enumerable.Range(0, runs).Select(_ => Once(cold)));

    private static double Once(bool cold)
    {
        string logPath = Path.Combine(Path.GetTempPath(), $"pyro-bench-{Environment.ProcessId}.log");
        using SafeFileHandle log = File.OpenHandle(logPath, FileMode.Create, FileAccess.ReadWrite);
        string[] how = cold ? ["--cold"] : [];
        using ChildProcess pyro = Child.Start(Files.Pyro, log,
            ["run", Files.Environment, .. how, "--quiet", "--mem-mib", $"{GuestMib}", "--timeout-seconds", "120", "--", "sh", "-c", "echo up; exec sleep 100"]);
        try
        {
            DateTime end = DateTime.UtcNow + s_limit;
            while (!File.ReadAllText(logPath).Contains("up\n", StringComparison.Ordinal))
            {
                if (DateTime.UtcNow > end || pyro.Handle.WaitReadable(50))
                    throw new BenchException($"the machine did not come up: {Child.Tail(logPath)}");
            }
            int vmm = Processes.ChildrenOf(pyro.Pid) is [int child, ..] ? child : throw new BenchException("pyro run has no machine process");
            return PrivateDirtyKib(File.ReadLines($"/proc/{vmm}/smaps"));
        }
        finally
        {
            pyro.TryKill(Kvm.Native.Uapi.SIGTERM);
            pyro.Wait();
            File.Delete(logPath);
        }
    }

    /// <summary>
    /// Adds up a process's mappings, but for the guest's memory: neighbours of that size in all that a core dump
    /// leaves out, behind which are huge pages, the kernel's file, the initramfs or a snapshot's memory file.
    /// </summary>
    internal static double PrivateDirtyKib(IEnumerable<string> smaps)
    {
        List<Mapping> mappings = Mapping.Parse(smaps);
        long total = mappings.Sum(m => m.PrivateDirtyKib), guests = 0, guest = 0;
        for (int first = 0; first < mappings.Count;)
        {
            int end = first + 1;
            while (end < mappings.Count && mappings[first].IsGuests && mappings[end].IsGuests && mappings[end].Start == mappings[end - 1].End)
                end++;
            if (mappings[first].IsGuests && mappings[end - 1].End - mappings[first].Start == (ulong)GuestMib << 20)
            {
                guests++;
                guest = mappings[first..end].Sum(m => m.PrivateDirtyKib);
            }
            first = end;
        }
        return guests == 1 ? total - guest : throw new BenchException($"{guests} ranges of mappings look like the guest's memory; there must be one");
    }

    private sealed record Mapping(ulong Start, ulong End, string File, long PrivateDirtyKib, string Flags)
    {
        internal bool IsGuests => Flags.Contains(" dd", StringComparison.Ordinal)
            && (Flags.Contains(" hg", StringComparison.Ordinal) || Path.GetFileName(File) is "vmlinux" or "memory" || Path.GetExtension(File) == ".cpio");

        internal static List<Mapping> Parse(IEnumerable<string> smaps)
        {
            List<Mapping> mappings = [];
            foreach (string line in smaps)
            {
                if (line.Length > 0 && (char.IsAsciiDigit(line[0]) || line[0] is >= 'a' and <= 'f'))
                {
                    string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                    string[] range = fields[0].Split('-');
                    mappings.Add(new Mapping(Hex(range[0]), Hex(range[1]), fields.Length > 5 ? fields[5] : "", 0, ""));
                }
                else if (line.StartsWith("Private_Dirty:", StringComparison.Ordinal))
                    mappings[^1] = mappings[^1] with { PrivateDirtyKib = Kib(line) };
                else if (line.StartsWith("VmFlags:", StringComparison.Ordinal))
                    mappings[^1] = mappings[^1] with { Flags = line };
            }
            return mappings;
        }

        private static ulong Hex(string text) => ulong.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
    }

    private static long Kib(string line) =>
        long.Parse(line.AsSpan(line.IndexOf(':') + 1).Trim().TrimEnd("kB ").ToString(), CultureInfo.InvariantCulture);
}
