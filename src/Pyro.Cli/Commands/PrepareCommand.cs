using System.CommandLine;
using Pyro.Cli.Output;
using Pyro.Cli.Terminals;
using Pyro.Json;
using Pyro.Machines;
using Pyro.Warm;

namespace Pyro.Cli.Commands;

/// <summary><c>pyro prepare</c>: what the first machine of an environment would do, ahead of it.</summary>
internal static class PrepareCommand
{
    internal const string Name = "prepare";

    internal static Command Build()
    {
        var environment = new Argument<string>("ENV") { HelpName = "ENV", Description = "The environment; debian:12 unless told otherwise.", DefaultValueFactory = _ => "debian:12" };
        EnvCommand.Complete(environment.CompletionSources);
        Option<int> vcpus = RunCommand.VcpuOption(), memory = RunCommand.MemoryOption();
        var force = new Option<bool>("--force") { Description = "Make the snapshot anew even if it is there." };
        Option<bool> json = CommandLine.JsonOption();
        var prepare = new Command(Name, "Install an environment and make the snapshot that its machines start from.") { environment, vcpus, memory, force, json };
        prepare.SetAction((parsed, _) =>
        {
            Report report = CommandLine.ReportOf(parsed, json);
            return CommandLine.GuardAsync(report, async () =>
            {
                using var interrupts = new Interrupts(new RunControl());
                IProgress<RunPhase>? progress = report.Quiet || report.Json ? null : new PhasePrinter(Report.Error);
                var options = new MachineOptions { Environment = parsed.GetRequiredValue(environment), VcpuCount = parsed.GetValue(vcpus), MemMib = parsed.GetValue(memory) };
                try
                {
                    PreparedEnvironment prepared = await new PyroClient().PrepareEnvironmentAsync(options, parsed.GetValue(force), progress, interrupts.Stop).ConfigureAwait(false);
                    if (report.Json)
                        Report.Document(prepared, PyroJson.Readable.PreparedEnvironment);
                    else
                        Report.Out.WriteLine($"{prepared.Environment} is {PyroJson.NameOf(prepared.WarmState)}: {prepared.DiskUsage / 1_000_000} MB in {prepared.Snapshot}");
                    return ExitCodes.Ok;
                }
                catch (OperationCanceledException)
                {
                    return interrupts.ExitCode;
                }
            });
        });
        return prepare;
    }
}
