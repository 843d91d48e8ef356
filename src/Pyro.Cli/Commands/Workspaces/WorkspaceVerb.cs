using System.CommandLine;
using System.Globalization;
using System.Text.Json.Serialization.Metadata;
using Pyro.Cli.Output;
using Pyro.Cli.Terminals;
using Pyro.Json;
using Pyro.Workspaces;

namespace Pyro.Cli.Commands;

/// <summary>What one verb of <c>pyro workspace</c> works with.</summary>
/// <param name="Parsed">The words of the user.</param>
/// <param name="Report">How to answer.</param>
/// <param name="Client">The SDK.</param>
/// <param name="Interrupts">The user's Ctrl-C.</param>
/// <param name="Control">Where a command that runs takes signals.</param>
internal sealed record WorkspaceCall(ParseResult Parsed, Report Report, PyroClient Client, Interrupts Interrupts, RunControl Control)
{
    internal CancellationToken Stop => Interrupts.Stop;

    internal IProgress<RunPhase>? Progress => Report.Quiet || Report.Json ? null : new PhasePrinter(Report.Error);

    /// <summary>The id or name that was given.</summary>
    internal string Workspace => Parsed.GetRequiredValue<string>("ID");
}

/// <summary>Builds the verbs of <c>pyro workspace</c>, which all begin and end alike.</summary>
internal static class WorkspaceVerb
{
    /// <summary>The argument that names a workspace.</summary>
    internal static Argument<string> Id()
    {
        var id = new Argument<string>("ID") { HelpName = "ID", Description = "The workspace: its id, a unique beginning of it, or its name." };
        id.CompletionSources.Add(static _ => new PyroClient().ListWorkspacesAsync().GetAwaiter().GetResult().Workspaces
            .Select(static w => new System.CommandLine.Completions.CompletionItem(w.Name ?? w.WorkspaceId, detail: w.Environment)));
        return id;
    }

    /// <summary>A verb.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="description">A line for help.</param>
    /// <param name="parts">Its arguments and options, in the order of the help.</param>
    /// <param name="work">What it does; the exit code comes back.</param>
    internal static Command Of(string name, string description, IEnumerable<Symbol> parts, Func<WorkspaceCall, Task<int>> work)
    {
        Option<bool> json = CommandLine.JsonOption();
        var verb = new Command(name, description);
        foreach (Symbol part in parts)
        {
            if (part is Argument argument)
                verb.Add(argument);
            else
                verb.Add((Option)part);
        }

        verb.Add(json);
        verb.SetAction((parsed, _) =>
        {
            Report report = CommandLine.ReportOf(parsed, json);
            return CommandLine.GuardAsync(report, async () =>
            {
                var control = new RunControl();
                using var interrupts = new Interrupts(control);
                try
                {
                    return await work(new WorkspaceCall(parsed, report, new PyroClient(), interrupts, control)).ConfigureAwait(false);
                }
                catch (OperationCanceledException)
                {
                    if (report.Json)
                        Report.Document(new ErrorDocument(false, new ErrorBody("interrupted", "the call was interrupted", null)), PyroJson.Readable.ErrorDocument);
                    return interrupts.ExitCode;
                }
            });
        });
        return verb;
    }

    /// <summary>Answers with a result: as a document, or in words.</summary>
    internal static int Answer<T>(this WorkspaceCall call, T result, JsonTypeInfo<T> type, Action<T> print)
    {
        if (call.Report.Json)
            Report.Document(result, type);
        else
            print(result);
        return ExitCodes.Ok;
    }

    /// <summary>Words as <c>K=V</c>.</summary>
    internal static Dictionary<string, string> Pairs(string option, string[]? words)
    {
        var pairs = new Dictionary<string, string>();
        foreach (string word in words ?? [])
        {
            int equals = word.IndexOf('=', StringComparison.Ordinal);
            if (equals < 1)
                throw new PyroException(ErrorCodes.InvalidArgument, $"{option} {word} has no value", $"Write {option} KEY=VALUE.");
            pairs[word[..equals]] = word[(equals + 1)..];
        }

        return pairs;
    }

    /// <summary>A time as people read it, in their own zone.</summary>
    internal static string Time(DateTimeOffset? time) => time?.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) ?? "-";

    /// <summary>An option that may be given several times.</summary>
    internal static Option<string[]> Many(string name, string help, string description) =>
        new(name) { Description = description, HelpName = help, Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false };

    /// <summary>A workspace in some lines.</summary>
    internal static void Print(Workspace workspace)
    {
        Report.Out.WriteLine($"workspace    {workspace.WorkspaceId}{(workspace.Name is null ? "" : $" ({workspace.Name})")}");
        Report.Out.WriteLine($"state        {PyroJson.NameOf(workspace.State)}{(workspace.StopReason is null ? "" : $": {workspace.StopReason}")}");
        Report.Out.WriteLine($"machine      {workspace.Environment}, {workspace.VcpuCount} vCPU, {workspace.MemMib} MiB, network {workspace.NetworkPolicy}");
        if (workspace.WorkspaceSeed is { SeedPath: string path, OriginKind: string origin })
            Report.Out.WriteLine($"seed         {path} ({origin})");
        Report.Out.WriteLine($"commands     {workspace.CommandCount} since {(workspace.LastResetAt is null ? "its creation" : $"its last reset, the {workspace.ResetCount}.")}");
        Report.Out.WriteLine($"created      {Time(workspace.CreatedAt)}{(workspace.ForkedFrom is null ? "" : $", forked from {workspace.ForkedFrom}")}");
        Report.Out.WriteLine($"last active  {Time(workspace.LastActivityAt)}");
        if (workspace.ExpiresAt is not null)
            Report.Out.WriteLine($"expires      {Time(workspace.ExpiresAt)}");
        foreach ((string key, string value) in workspace.Labels)
            Report.Out.WriteLine($"label        {key}={value}");
    }
}
