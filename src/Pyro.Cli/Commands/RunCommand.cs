using System.CommandLine;
using System.CommandLine.Parsing;
using Pyro.Cli.Output;
using Pyro.Cli.Terminals;
using Pyro.Json;

namespace Pyro.Cli.Commands;

/// <summary><c>pyro run</c>: one command in one throw-away machine.</summary>
internal static class RunCommand
{
    internal const string Name = "run";

    private static readonly RunRequest s_defaults = new() { Environment = "", Command = [] };

    internal static Command Build()
    {
        Argument<string> environment = EnvCommand.EnvironmentArgument();
        var command = new Argument<string[]>("COMMAND") { Description = "The program and its arguments, behind two dashes. No shell is involved.", Arity = ArgumentArity.OneOrMore };
        Option<int> vcpus = VcpuOption(), memory = MemoryOption();
        var timeout = new Option<int>("--timeout-seconds") { Description = "How long the command may run; then it is killed and the exit code is 124.", HelpName = "S", DefaultValueFactory = _ => s_defaults.TimeoutSeconds };
        var ttl = new Option<int>("--ttl-seconds") { Description = "How long the machine may live in all.", HelpName = "S", DefaultValueFactory = _ => s_defaults.TtlSeconds };
        var env = new Option<string[]>("--env", "-e") { Description = "An environment variable of the command; may be repeated.", HelpName = "K=V", Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false };
        var workdir = new Option<string?>("--workdir", "-w") { Description = "The command's working directory in the machine.", HelpName = "DIR" };
        var interactive = new Option<bool>("--interactive", "-i") { Description = "Pass standard input on." };
        var tty = new Option<bool>("--tty", "-t") { Description = "Give the command a terminal." };
        var cold = new Option<bool>("--cold") { Description = "Boot the machine instead of going on from its warm snapshot." };
        var hostCompat = new Option<bool>("--allow-host-compat") { Description = "Where no machine can run, run the command on the host itself, WITHOUT isolation." };
        var stats = new Option<bool>("--stats") { Description = "Print afterwards what the machine did: exits, notifications, interrupts, memory." };
        Option<bool> json = CommandLine.JsonOption();
        var run = new Command(Name, "Run one command in one machine, which is gone afterwards.")
        {
            environment, vcpus, memory, timeout, ttl, env, workdir, interactive, tty, cold, hostCompat, stats, json, command,
        };
        run.SetAction((parsed, _) =>
        {
            Report report = CommandLine.ReportOf(parsed, json);
            return CommandLine.GuardAsync(report, () =>
            {
                bool terminal = parsed.GetValue(tty);
                var request = new RunRequest
                {
                    Environment = parsed.GetRequiredValue(environment),
                    Command = BehindDashes(parsed, command),
                    VcpuCount = parsed.GetValue(vcpus),
                    MemMib = parsed.GetValue(memory),
                    TimeoutSeconds = parsed.GetValue(timeout),
                    TtlSeconds = parsed.GetValue(ttl),
                    Env = Variables(parsed.GetValue(env) ?? [], terminal),
                    Workdir = parsed.GetValue(workdir),
                    Cold = parsed.GetValue(cold),
                    AllowHostCompat = parsed.GetValue(hostCompat),
                    Stats = parsed.GetValue(stats),
                };
                return RunAsync(request, report, parsed.GetValue(interactive), terminal);
            });
        });
        return run;
    }

    internal static Option<int> VcpuOption() => new("--vcpu-count")
    {
        Description = $"Virtual processors, {RunRequest.MinVcpuCount} to {RunRequest.MaxVcpuCount}.", HelpName = "N", DefaultValueFactory = _ => s_defaults.VcpuCount,
    };

    internal static Option<int> MemoryOption() => new("--mem-mib")
    {
        Description = $"Memory in MiB, {RunRequest.MinMemMib} or more.", HelpName = "MIB", DefaultValueFactory = _ => s_defaults.MemMib,
    };

    // Without this, a flag that pyro does not know would become the command's name, and one that it knows would be
    // taken away from the command.
    internal static string[] BehindDashes(ParseResult parsed, Argument<string[]> command)
    {
        int dashes = 0;
        while (dashes < parsed.Tokens.Count && parsed.Tokens[dashes].Type != TokenType.DoubleDash)
            dashes++;
        string[] words = parsed.GetRequiredValue(command);
        return words.Length == parsed.Tokens.Count - dashes - 1
            ? words
            : throw new PyroException(
                ErrorCodes.InvalidArgument,
                $"'{words[0]}' is neither a flag of pyro's nor behind two dashes",
                $"Write: {Examples.PathOf(parsed.CommandResult.Command)} {(parsed.CommandResult.Command.Name == Name ? "ENV" : "ID")} [FLAGS] -- COMMAND [ARG...]");
    }

    private static async Task<int> RunAsync(RunRequest request, Report report, bool interactive, bool terminal)
    {
        var control = new RunControl();
        using var interrupts = new Interrupts(control);
        using Spinner? spinner = !report.Quiet && !report.Json && !report.Verbose && LocalTerminal.CanAnimate ? new Spinner(Report.Error) : null;
        IProgress<RunPhase>? progress = report.Quiet || report.Json ? null : spinner ?? (IProgress<RunPhase>)new PhasePrinter(Report.Error);
        using RawModeWhileRunning? raw = interactive && terminal ? new RawModeWhileRunning(progress) : null;
        var streams = new RunStreams
        {
            Stdin = interactive ? StandardStreams.Input : null,
            Stdout = report.Json ? null : StandardStreams.Output,
            Stderr = report.Json ? null : StandardStreams.Error,
            Terminal = terminal ? LocalTerminal.Size : null,
            Control = control,
        };
        try
        {
            RunResult result = await new PyroClient().RunInVmAsync(request, streams, raw ?? progress, interrupts.Stop).ConfigureAwait(false);
            if (report.Json)
                Report.Document(result, PyroJson.Readable.RunResult);
            else if (result.TimedOut && !report.Quiet)
                Report.Error.WriteLine($"pyro: the command was killed at its time limit of {request.TimeoutSeconds} s\n      Choose a larger --timeout-seconds.");
            if (request.Stats && !report.Json)
                StatsPrinter.Print(Report.Error, result.Stats);
            return result.ExitCode;
        }
        catch (OperationCanceledException)
        {
            if (report.Json)
                Report.Document(new ErrorDocument(false, new ErrorBody("interrupted", "the run was interrupted", null)), PyroJson.Readable.ErrorDocument);
            return interrupts.ExitCode;
        }
    }

    private static Dictionary<string, string> Variables(string[] words, bool terminal)
    {
        var variables = new Dictionary<string, string>();
        if (terminal && Environment.GetEnvironmentVariable("TERM") is { Length: > 0 } kind)
            variables["TERM"] = kind;
        foreach (string word in words)
        {
            int equals = word.IndexOf('=');
            if (equals < 1)
                throw new PyroException(ErrorCodes.InvalidArgument, $"--env {word} is not a variable", "Write --env NAME=VALUE.");
            variables[word[..equals]] = word[(equals + 1)..];
        }
        return variables;
    }
}
