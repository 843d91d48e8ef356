using System.Globalization;
using System.Text.Json;
using Pyro.Bench.Torture;
using Pyro.Bench.Forks;
using Pyro.Benchmarks;

namespace Pyro.Bench;

/// <summary>Results, for people or as one JSON document.</summary>
internal static class Report
{
    internal static void Print(BootReport report, bool json)
    {
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(report, BenchJson.Default.BootReport));
            return;
        }
        Line("pyro run, cold", report.PyroColdMs, "ms");
        Line("pyro run, warm", report.PyroWarmMs, "ms");
        Line("qemu microvm", report.QemuMicrovmMs, "ms");
        if (report.MsbMs is { } msb)
            Line("microsandbox", msb, "ms");
        Value("cold / qemu", report.RatioColdToQemu, "F3");
        Value("warm / cold", report.RatioWarmToCold, "F3");
        if (report is { RatioColdToMsb: { } cold, RatioWarmToMsb: { } warm })
        {
            Value("cold / microsandbox", cold, "F3");
            Value("warm / microsandbox", warm, "F3");
        }
    }

    internal static void Print(KvmReport report, bool json)
    {
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(report, BenchJson.Default.KvmReport));
            return;
        }
        Line("VM to first instruction", report.VmToFirstInstructionUs, "us");
        Line("restored machine", report.RestoreUs, "us");
        Line("1 fork", report.Fork1Ms, "ms");
        Line("10 forks", report.Fork10Ms, "ms");
        Line("100 forks", report.Fork100Ms, "ms");
        Value("forks a second", report.ForksPerSecond, "F0");
    }

    internal static void Print(MemoryReport report, bool json)
    {
        if (json)
            Console.WriteLine(JsonSerializer.Serialize(report, BenchJson.Default.MemoryReport));
        else
        {
            Line("VMM private dirty, booted", report.VmmPrivateDirtyKib, "KiB");
            Line("VMM private dirty, restored", report.VmmRestoredPrivateDirtyKib, "KiB");
        }
    }

    internal static void Print(TortureReport report, bool json)
    {
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(report, BenchJson.Default.TortureReport));
            return;
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{report.Cycles} cycles of seed {report.Seed} in {report.Seconds:F0} s, nothing was wrong"));
        Console.WriteLine($"{report.Chains} chains of snapshots, at most {report.DeepestLayers} disk layers; at their ends {report.BlocksWritten} blocks were written and {report.BlocksVerified} verified");
        foreach ((string what, int count) in report.Counts)
            Console.WriteLine($"{count,5} {what}");
    }

    /// <summary>What <c>ForkTests</c> reads.</summary>
    internal static void Print(ForkFacts facts) => Console.WriteLine(JsonSerializer.Serialize(facts, BenchJson.Default.ForkFacts));

    internal static void Print(TransferReport report, bool json)
    {
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(report, BenchJson.Default.TransferReport));
            return;
        }
        Line("push", report.PushMs, "ms");
        Line("tar | tar", report.TarMs, "ms");
        Value("push / tar", report.Ratio, "F3");
        Value("export, ms", report.ExportMs, "F0");
    }

    private static void Value(string name, double value, string format) =>
        Console.WriteLine($"{name,-24} {value.ToString(format, CultureInfo.InvariantCulture)}");

    private static void Line(string name, Distribution of, string unit) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-24} median {of.Median:F1} {unit}, p95 {of.P95:F1}, p99 {of.P99:F1}, min {of.Min:F1}, max {of.Max:F1} ({of.Count} runs)"));
}
