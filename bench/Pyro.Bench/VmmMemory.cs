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
        new(runs, 1, GuestMib, Distribution.Of(Enumerable.Range(0, runs).Select(_ => Once())));

    private static double Once()
    {
        string logPath = Path.Combine(Path.GetTempPath(), $"pyro-bench-{Environment.ProcessId}.log");
        using SafeFileHandle log = File.OpenHandle(logPath, FileMode.Create, FileAccess.ReadWrite);
        using ChildProcess pyro = Child.Start(Files.Pyro, log,
            "run", Files.Environment, "--quiet", "--mem-mib", $"{GuestMib}", "--timeout-seconds", "120", "--", "sh", "-c", "echo up; exec sleep 100");
        try
        {
            DateTime end = DateTime.UtcNow + s_limit;
            while (!File.ReadAllText(logPath).Contains("up\n", StringComparison.Ordinal))
            {
                if (DateTime.UtcNow > end || pyro.Handle.WaitReadable(50))
                    throw new BenchException($"the machine did not come up: {Child.Tail(logPath)}");
            }
            int vmm = ChildOf(pyro.Pid) ?? throw new BenchException("pyro run has no machine process");
            return PrivateDirtyKib(File.ReadLines($"/proc/{vmm}/smaps"));
        }
        finally
        {
            pyro.TryKill(Kvm.Native.Uapi.SIGTERM);
            pyro.Wait();
            File.Delete(logPath);
        }
    }

    private static int? ChildOf(int parent)
    {
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), out int pid))
                continue;
            try
            {
                // The fourth field, counted behind the name, which may hold anything in its parentheses.
                string stat = File.ReadAllText($"{folder}/stat");
                if (int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture) == parent)
                    return pid;
            }
            catch (IOException)
            {
                // It ended between the listing and the reading.
            }
        }
        return null;
    }

    /// <summary>Adds up a process's mappings, but for the anonymous one that is as large as the guest's memory.</summary>
    internal static double PrivateDirtyKib(IEnumerable<string> smaps)
    {
        long total = 0, size = 0;
        int guest = 0;
        bool anonymous = false;
        foreach (string line in smaps)
        {
            if (line.Length > 0 && (char.IsAsciiDigit(line[0]) || line[0] is >= 'a' and <= 'f'))
                anonymous = line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length == 5;
            else if (line.StartsWith("Size:", StringComparison.Ordinal))
                size = Kib(line);
            else if (line.StartsWith("Private_Dirty:", StringComparison.Ordinal))
            {
                if (anonymous && size == GuestMib * 1024L)
                    guest++;
                else
                    total += Kib(line);
            }
        }
        return guest == 1 ? total : throw new BenchException($"{guest} mappings look like the guest's memory; there must be one");
    }

    private static long Kib(string line) =>
        long.Parse(line.AsSpan(line.IndexOf(':') + 1).Trim().TrimEnd("kB ").ToString(), CultureInfo.InvariantCulture);
}
