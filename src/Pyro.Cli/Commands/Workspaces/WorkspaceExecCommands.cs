using System.CommandLine;
using Pyro.Cli.Output;
using Pyro.Json;
using Pyro.Workspaces;

namespace Pyro.Cli.Commands;

/// <summary>The verbs that run commands and show what they printed.</summary>
internal static class WorkspaceExecCommands
{
    internal static Command Exec()
    {
        var defaults = new WorkspaceExecRequest { Command = [] };
        var timeout = new Option<int>("--timeout-seconds") { Description = "How long the command may run; then it is killed and the exit code is 124.", HelpName = "S", DefaultValueFactory = _ => defaults.TimeoutSeconds };
        var workdir = new Option<string>("--workdir", "-w") { Description = "The command's working directory.", HelpName = "DIR", DefaultValueFactory = _ => defaults.Workdir };
        var interactive = new Option<bool>("--interactive", "-i") { Description = "Pass standard input on." };
        var command = new Argument<string[]>("COMMAND") { HelpName = "COMMAND [ARG...]", Description = "The command, behind two dashes.", Arity = ArgumentArity.OneOrMore };
        return WorkspaceVerb.Of("exec", "Run a command in a running workspace.", [WorkspaceVerb.Id(), timeout, workdir, interactive, command], async call =>
        {
            var request = new WorkspaceExecRequest
            {
                Command = RunCommand.BehindDashes(call.Parsed, command),
                TimeoutSeconds = call.Parsed.GetValue(timeout),
                Workdir = call.Parsed.GetRequiredValue(workdir),
            };
            var streams = new RunStreams
            {
                Stdin = call.Parsed.GetValue(interactive) ? StandardStreams.Input : null,
                Stdout = call.Report.Json ? null : StandardStreams.Output,
                Stderr = call.Report.Json ? null : StandardStreams.Error,
                Control = call.Control,
            };
            WorkspaceExecResult result = await call.Client.ExecWorkspaceAsync(call.Workspace, request, streams, call.Stop).ConfigureAwait(false);
            call.Answer(result, PyroJson.Readable.WorkspaceExecResult, r =>
            {
                if (r.TimedOut && !call.Report.Quiet)
                    Report.Error.WriteLine($"pyro: the command was killed at its time limit of {request.TimeoutSeconds} s\n      Choose a larger --timeout-seconds.");
            });
            return result.ExitCode;
        });
    }

    internal static Command Logs() => WorkspaceVerb.Of("logs", "Show the commands since the last reset and what they printed.", [WorkspaceVerb.Id()], static async call =>
    {
        WorkspaceLogs logs = await call.Client.LogsWorkspaceAsync(call.Workspace, cancellationToken: call.Stop).ConfigureAwait(false);
        return call.Answer(logs, PyroJson.Readable.WorkspaceLogs, static l =>
        {
            foreach (WorkspaceLogEntry entry in l.Entries)
            {
                string end = entry.TimedOut ? "killed at its time limit" : entry.ExitCode is int code ? $"exit code {code}" : "never ended";
                Report.Out.WriteLine($"# {entry.Sequence}  {WorkspaceVerb.Time(entry.StartedAt)}  {entry.Cwd}  {string.Join(' ', entry.Command)}  ({end}, {entry.DurationMs:F0} ms)");
                Show(entry.Stdout, entry.StdoutTruncated, "");
                Show(entry.Stderr, entry.StderrTruncated, "! ");
            }
        });
    });

    private static void Show(string text, bool truncated, string prefix)
    {
        if (truncated)
            Report.Out.WriteLine($"{prefix}[... the beginning is in the workspace's folder]");
        foreach (string line in text.Length == 0 ? [] : text.TrimEnd('\n').Split('\n'))
            Report.Out.WriteLine(prefix + line);
    }
}
