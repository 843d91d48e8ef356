using System.CommandLine;
using System.Globalization;
using Pyro.Cli.Output;
using Pyro.Cli.Terminals;
using Pyro.Demos;

namespace Pyro.Cli.Commands;

/// <summary><c>pyro demo</c>: the life of a machine, told step by step.</summary>
internal static class DemoCommand
{
    internal const string Name = "demo";

    internal static Command Build()
    {
        var environment = new Option<string>("--environment") { Description = "The environment to show.", HelpName = "ENV", DefaultValueFactory = _ => "debian:12" };
        EnvCommand.Complete(environment.CompletionSources);
        var demo = new Command(Name, "Show the life of a machine: create, start, exec, delete.") { environment };
        demo.SetAction((parsed, _) =>
        {
            Report report = CommandLine.ReportOf(parsed);
            return CommandLine.GuardAsync(report, async () =>
            {
                using var interrupts = new Interrupts(new RunControl());
                try
                {
                    await foreach (DemoStep step in new Demo(new PyroClient()).RunAsync(parsed.GetRequiredValue(environment), interrupts.Stop).ConfigureAwait(false))
                        Print(step);
                    return ExitCodes.Ok;
                }
                catch (OperationCanceledException)
                {
                    return interrupts.ExitCode;
                }
            });
        });
        return demo;
    }

    private static void Print(DemoStep step)
    {
        Report.Out.WriteLine($"{step.Title}  ({step.Took.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture)} ms)");
        foreach (string line in step.Explanation)
            Report.Out.WriteLine($"    {line}");
        foreach (string line in step.Output)
            Report.Out.WriteLine($"    > {line}");
        Report.Out.WriteLine();
    }
}
