using System.CommandLine;
using Pyro.Cli.Output;
using Pyro.Diagnostics;
using Pyro.Json;

namespace Pyro.Cli.Commands;

/// <summary><c>pyro doctor</c>: is everything there, and what to do about what is not.</summary>
internal static class DoctorCommand
{
    internal const string Name = "doctor";

    internal static Command Build()
    {
        var environment = new Option<string>("--environment") { Description = "The environment to look for.", HelpName = "ENV", DefaultValueFactory = _ => "debian:12" };
        EnvCommand.Complete(environment.CompletionSources);
        Option<bool> json = CommandLine.JsonOption();
        var doctor = new Command(Name, "Look at everything that a machine needs, and say what to do about what is missing.") { environment, json };
        doctor.SetAction((parsed, _) =>
        {
            Report report = CommandLine.ReportOf(parsed, json);
            return CommandLine.GuardAsync(report, () =>
            {
                DoctorReport found = new PyroClient().Diagnose(parsed.GetRequiredValue(environment));
                if (report.Json)
                    Report.Document(found, PyroJson.Readable.DoctorReport);
                else
                    Print(found);
                return Task.FromResult(found.Ok ? ExitCodes.Ok : ExitCodes.Unhealthy);
            });
        });
        return doctor;
    }

    private static void Print(DoctorReport found)
    {
        foreach (DoctorCheck check in found.Checks)
        {
            string mark = check.Status switch { CheckStatus.Ok => "ok  ", CheckStatus.Warning => "warn", _ => "FAIL" };
            Report.Out.WriteLine($"{mark}  {check.Name,-13} {check.Message}");
            if (check.Hint is not null)
                Report.Out.WriteLine($"{"",21}{check.Hint}");
        }
        Report.Out.WriteLine(found.Ok ? $"Machines can run here. Try: pyro run {found.Environment} -- git --version" : "Machines cannot run here yet.");
    }
}
