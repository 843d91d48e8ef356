using System.CommandLine;
using System.CommandLine.Completions;
using Pyro.Cli.Output;
using Pyro.Cli.Terminals;
using Pyro.Environments;
using Pyro.Json;

namespace Pyro.Cli.Commands;

/// <summary><c>pyro env</c>: the environments that machines start from.</summary>
internal static class EnvCommand
{
    internal const string Name = "env";

    internal static Command Build() => new(Name, "List, install and remove environments.") { List(), Pull(), Inspect(), Remove(), Prune() };

    /// <summary>The argument that names an environment, in every command.</summary>
    internal static Argument<string> EnvironmentArgument()
    {
        var argument = new Argument<string>("ENV") { HelpName = "ENV", Description = "The environment, as debian:12; `pyro env list` shows them." };
        Complete(argument.CompletionSources);
        return argument;
    }

    /// <summary>Offers the environments that there are.</summary>
    internal static void Complete(List<Func<CompletionContext, IEnumerable<CompletionItem>>> sources) =>
        sources.Add(static _ => new PyroClient().ListEnvironmentsAsync().GetAwaiter().GetResult().Environments
            .Select(static listing => new CompletionItem(listing.Name, detail: listing.Description)));

    private static Command List()
    {
        Option<bool> json = CommandLine.JsonOption();
        var list = new Command("list", "Show which environments there are and which are installed.") { json };
        list.SetAction((parsed, cancellationToken) =>
        {
            Report report = CommandLine.ReportOf(parsed, json);
            return CommandLine.GuardAsync(report, async () =>
            {
                EnvironmentList found = await new PyroClient().ListEnvironmentsAsync(cancellationToken).ConfigureAwait(false);
                if (report.Json)
                {
                    Report.Document(found, PyroJson.Readable.EnvironmentList);
                    return ExitCodes.Ok;
                }
                Report.Out.WriteLine($"{"ENVIRONMENT",-18} {"STATE",-10} {"SIZE",8}  DESCRIPTION");
                foreach (EnvironmentListing listing in found.Environments)
                    Report.Out.WriteLine($"{listing.Name,-18} {PyroJson.NameOf(listing.State),-10} {SizeOf(listing),8}  {listing.Description}");
                return ExitCodes.Ok;
            });
        });
        return list;
    }

    private static Command Pull()
    {
        Argument<string> environment = EnvironmentArgument();
        var force = new Option<bool>("--force") { Description = "Install it anew even if it is there: newer packages." };
        Option<bool> json = CommandLine.JsonOption();
        var pull = new Command("pull", "Install an environment, or repair it.") { environment, force, json };
        pull.SetAction((parsed, _) =>
        {
            Report report = CommandLine.ReportOf(parsed, json);
            return CommandLine.GuardAsync(report, async () =>
            {
                using var interrupts = new Interrupts(new RunControl());
                IProgress<EnvironmentProgress>? progress = report.Quiet || report.Json ? null : new PullPrinter(Report.Error);
                try
                {
                    InstalledEnvironment installed = await new PyroClient()
                        .PullEnvironmentAsync(parsed.GetRequiredValue(environment), parsed.GetValue(force), progress, interrupts.Stop).ConfigureAwait(false);
                    Show(installed, report);
                    return ExitCodes.Ok;
                }
                catch (OperationCanceledException)
                {
                    return interrupts.ExitCode;
                }
            });
        });
        return pull;
    }

    private static Command Inspect()
    {
        Argument<string> environment = EnvironmentArgument();
        var verify = new Option<bool>("--verify") { Description = "Read the whole image and compare its digest." };
        Option<bool> json = CommandLine.JsonOption();
        var inspect = new Command("inspect", "Show what an installed environment is made of.") { environment, verify, json };
        inspect.SetAction((parsed, cancellationToken) =>
        {
            Report report = CommandLine.ReportOf(parsed, json);
            return CommandLine.GuardAsync(report, async () =>
            {
                Show(await new PyroClient().InspectEnvironmentAsync(parsed.GetRequiredValue(environment), parsed.GetValue(verify), cancellationToken).ConfigureAwait(false), report);
                return ExitCodes.Ok;
            });
        });
        return inspect;
    }

    private static Command Remove()
    {
        Argument<string> environment = EnvironmentArgument();
        Option<bool> json = CommandLine.JsonOption();
        var remove = new Command("remove", "Remove an installed environment.") { environment, json };
        remove.SetAction((parsed, cancellationToken) =>
        {
            Report report = CommandLine.ReportOf(parsed, json);
            return CommandLine.GuardAsync(report, async () =>
            {
                RemovedEnvironment removed = await new PyroClient().RemoveEnvironmentAsync(parsed.GetRequiredValue(environment), cancellationToken).ConfigureAwait(false);
                if (report.Json)
                    Report.Document(removed, PyroJson.Readable.RemovedEnvironment);
                else
                    Report.Out.WriteLine(removed.Removed ? $"removed {removed.Environment}" : $"{removed.Environment} was not installed");
                return ExitCodes.Ok;
            });
        });
        return remove;
    }

    private static Command Prune()
    {
        Option<bool> json = CommandLine.JsonOption();
        var prune = new Command("prune", "Remove what nothing uses any more: old images, stale snapshots, damaged ones, interrupted builds.") { json };
        prune.SetAction((parsed, cancellationToken) =>
        {
            Report report = CommandLine.ReportOf(parsed, json);
            return CommandLine.GuardAsync(report, async () =>
            {
                PruneResult pruned = await new PyroClient().PruneEnvironmentsAsync(cancellationToken).ConfigureAwait(false);
                if (report.Json)
                    Report.Document(pruned, PyroJson.Readable.PruneResult);
                else
                    Report.Out.WriteLine($"removed {pruned.Removed.Count} folders, {Megabytes(pruned.FreedBytes)} freed");
                return ExitCodes.Ok;
            });
        });
        return prune;
    }

    private static void Show(InstalledEnvironment environment, Report report)
    {
        if (report.Json)
        {
            Report.Document(environment, PyroJson.Readable.InstalledEnvironment);
            return;
        }
        Report.Out.WriteLine($"environment  {environment.Name}");
        Report.Out.WriteLine($"digest       {environment.Digest}");
        Report.Out.WriteLine($"root disk    {environment.RootDisk}");
        Report.Out.WriteLine($"size         {Megabytes(environment.Size)}, {Megabytes(environment.DiskUsage)} on disk");
        Report.Out.WriteLine($"created      {environment.Created:u}");
        Report.Out.WriteLine($"source       {environment.Source}");
        Report.Out.WriteLine($"packages     {environment.Packages.Count}");
        if (!report.Verbose)
            return;
        foreach (EnvironmentPackage package in environment.Packages)
            Report.Out.WriteLine($"             {package.Name} {package.Version}");
    }

    private static string SizeOf(EnvironmentListing listing) => listing.Installed is null ? "" : Megabytes(listing.Installed.DiskUsage);

    private static string Megabytes(long bytes) => $"{bytes / 1_000_000} MB";
}
