using System.CommandLine;
using System.Globalization;
using Pyro.Benchmarks;
using Pyro.Cli.Output;
using Pyro.Cli.Terminals;
using Pyro.Json;
using Pyro.Machines;

namespace Pyro.Cli.Commands;

/// <summary><c>pyro bench</c>: where a machine's start spends its time.</summary>
internal static class BenchCommand
{
    internal const string Name = "bench";

    internal static Command Build() => new(Name, "Measure how machines start on this host.") { Boot() };

    private static Command Boot()
    {
        var defaults = new RunRequest { Environment = "debian:12", Command = ["/bin/true"] };
        var environment = new Option<string>("--environment") { Description = "The environment to boot.", HelpName = "ENV", DefaultValueFactory = _ => defaults.Environment };
        EnvCommand.Complete(environment.CompletionSources);
        var runs = new Option<int>("--runs") { Description = "How many times.", HelpName = "N", DefaultValueFactory = _ => 20 };
        var start = new Option<StartMode>("--start") { Description = "How they start: cold (boot), warm (from the snapshot) or fork (of one running machine).", DefaultValueFactory = _ => StartMode.Cold };
        var machines = new Option<int>("--machines") { Description = "How many at once.", HelpName = "N", DefaultValueFactory = _ => 1 };
        Option<int> vcpus = RunCommand.VcpuOption(), memory = RunCommand.MemoryOption();
        var commit = new Option<string>("--commit") { Description = "What is measured, for the history.", HelpName = "NAME", DefaultValueFactory = _ => "unknown" };
        var history = new Option<string?>("--history") { Description = "Append the result to this file, a JSON document a line.", HelpName = "FILE" };
        var svg = new Option<string?>("--svg") { Description = "Draw the history, or this result alone, into this file.", HelpName = "FILE" };
        Option<bool> json = CommandLine.JsonOption();
        var boot = new Command("boot", "Start machines one after the other and tell where the time goes.") { environment, start, runs, machines, vcpus, memory, commit, history, svg, json };
        boot.SetAction((parsed, _) =>
        {
            Report report = CommandLine.ReportOf(parsed, json);
            return CommandLine.GuardAsync(report, async () =>
            {
                using var interrupts = new Interrupts(new RunControl());
                RunRequest request = defaults with { Environment = parsed.GetRequiredValue(environment), VcpuCount = parsed.GetValue(vcpus), MemMib = parsed.GetValue(memory) };
                IProgress<BootSample>? progress = report.Quiet || report.Json ? null : new SamplePrinter();
                try
                {
                    BootSummary summary = await new BootBenchmark(new PyroClient())
                        .RunAsync(request, parsed.GetValue(start), parsed.GetValue(runs), parsed.GetValue(machines), parsed.GetRequiredValue(commit), progress, interrupts.Stop).ConfigureAwait(false);
                    Keep(summary, parsed.GetValue(history), parsed.GetValue(svg));
                    if (report.Json)
                        Report.Document(summary, PyroJson.Readable.BootSummary);
                    else
                        Print(summary);
                    return ExitCodes.Ok;
                }
                catch (OperationCanceledException)
                {
                    return interrupts.ExitCode;
                }
            });
        });
        return boot;
    }

    private static void Keep(BootSummary summary, string? history, string? svg)
    {
        if (history is not null)
            BootHistory.Append(history, summary);
        if (svg is not null)
            File.WriteAllText(svg, BootChart.Draw(history is null ? [summary] : BootHistory.Read(history)));
    }

    private static void Print(BootSummary summary)
    {
        Report.Out.WriteLine($"{summary.Runs} times {summary.Machines} {summary.Start} of {summary.VcpuCount} vCPU and {summary.MemMib} MiB, {summary.Environment}, KVM: {summary.Host}; milliseconds");
        Report.Out.WriteLine($"{"",-12} {"median",9} {"p95",9} {"p99",9} {"min",9} {"max",9}");
        Row("spawn", summary.Spawn);
        Row("vm creation", summary.VmCreation);
        Row("kernel", summary.Kernel);
        Row("agent ready", summary.AgentReady);
        Row("exec", summary.Exec);
        Row("total", summary.Total);
        if (summary.Answer is { } answer)
            Row("answer", answer);
        if (summary.Pause is { } pause)
            Row("pause", pause);
        if (summary.Held is { } held)
            Row("held", held);
        if (summary.MachinesPerSecond is { } rate)
            Report.Out.WriteLine($"{"a second",-12} {rate.ToString("0.00", CultureInfo.InvariantCulture),9} machines");
    }

    private static void Row(string name, Distribution part) =>
        Report.Out.WriteLine($"{name,-12} {Ms(part.Median),9} {Ms(part.P95),9} {Ms(part.P99),9} {Ms(part.Min),9} {Ms(part.Max),9}");

    private static string Ms(double value) => value.ToString("0.0", CultureInfo.InvariantCulture);

    private sealed class SamplePrinter : IProgress<BootSample>
    {
        private int _count;

        public void Report(BootSample value) => Output.Report.Error.WriteLine($"[run] number={++_count} total_ms={Ms(value.Total)}");
    }
}
