using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Pyro.Cli.Output;

namespace Pyro.Cli.Commands;

/// <summary>The root of the command tree, and the one place where outcomes become exit codes.</summary>
internal static class CommandLine
{
    private static readonly Option<bool> s_quiet = new("--quiet", "-q") { Description = "Print no phases and no progress.", Recursive = true };
    private static readonly Option<bool> s_verbose = new("--verbose", "-v") { Description = "Print more about phases and errors.", Recursive = true };

    // A verb costs time to build, and one call needs one verb.
    private static readonly (string Name, Func<Command> Build)[] s_verbs =
    [
        (RunCommand.Name, RunCommand.Build),
        (EnvCommand.Name, EnvCommand.Build),
        (WorkspaceCommand.Name, WorkspaceCommand.Build),
        (PrepareCommand.Name, PrepareCommand.Build),
        (DoctorCommand.Name, DoctorCommand.Build),
        (DemoCommand.Name, DemoCommand.Build),
        (BenchCommand.Name, BenchCommand.Build),
        (McpCommand.Name, McpCommand.Build),
        (CompletionCommand.Name, CompletionCommand.Build),
    ];

    private static readonly ParserConfiguration s_parser = new()
    {
        // A guest's argument may begin with @ and is no file of ours.
        ResponseFileTokenReplacer = null,
    };

    internal static int Run(string[] args)
    {
        ParseResult parsed = Build(args.Length > 0 ? args[0] : null).Parse(args, s_parser);
        if (parsed.Action is ParseErrorAction)
            return BadUsage(parsed, WantsJson(args));
        try
        {
            Task<int> run = parsed.InvokeAsync(new InvocationConfiguration
            {
                Output = Report.Out,
                Error = Report.Error,
                EnableDefaultExceptionHandler = false,
                // Commands that can be interrupted see to it themselves.
                ProcessTerminationTimeout = null,
            });
            // Sleeps; GetResult alone would first look again and again, on the processor that a guest could have.
            ((IAsyncResult)run).AsyncWaitHandle.WaitOne();
            return run.GetAwaiter().GetResult();
        }
        catch (BrokenPipeException)
        {
            return ExitCodes.BrokenPipe;
        }
    }

    /// <summary>Runs a command's work and turns every failure into its message and exit code.</summary>
    internal static async Task<int> GuardAsync(Report report, Func<Task<int>> work)
    {
        try
        {
            return await work().ConfigureAwait(false);
        }
        catch (PyroException e)
        {
            return report.Failure(e);
        }
        catch (Exception e) when (e is not OperationCanceledException and not BrokenPipeException)
        {
            return report.Failure(new PyroException(
                ErrorCodes.Internal,
                $"something unexpected went wrong: {e.Message}",
                "This is a defect of pyro; --verbose shows more for a report.",
                new InvalidOperationException(e.ToString(), e)));
        }
    }

    internal static Report ReportOf(ParseResult parsed, Option<bool>? json = null) =>
        new(json is not null && parsed.GetValue(json), parsed.GetValue(s_quiet), parsed.GetValue(s_verbose));

    internal static Option<bool> JsonOption() => new("--json") { Description = "Print one JSON document on standard output and nothing else there." };

    private static RootCommand Build(string? first)
    {
        var root = new RootCommand("Disposable Linux machines that start in the time of a process.") { s_quiet, s_verbose };
        for (int i = root.Options.Count - 1; i >= 0; i--)
        {
            if (root.Options[i] is VersionOption or HelpOption)
                root.Options.RemoveAt(i);
        }
        root.Add(new HelpOption("--help", "-h"));
        var version = new Option<bool>("--version") { Description = "Print the version." };
        root.Add(version);
        root.SetAction(parsed =>
        {
            if (!parsed.GetValue(version))
                return ReportOf(parsed).Failure(new PyroException(ErrorCodes.InvalidArgument, "no command is given", "Try: pyro --help"));
            Report.Out.WriteLine($"pyro {PyroVersion.Text}");
            return ExitCodes.Ok;
        });
        (string Name, Func<Command> Build) only = Array.Find(s_verbs, verb => verb.Name == first);
        if (only.Build is not null)
        {
            root.Add(only.Build());
        }
        else
        {
            foreach ((_, Func<Command> build) in s_verbs)
                root.Add(build());
        }
        Examples.Install(root);
        return root;
    }

    private static bool WantsJson(string[] args)
    {
        int end = Array.IndexOf(args, "--");
        return args.AsSpan(0, end < 0 ? args.Length : end).Contains("--json");
    }

    private static int BadUsage(ParseResult parsed, bool json)
    {
        string verb = Examples.PathOf(parsed.CommandResult.Command);
        return new Report(json, quiet: false, verbose: false).Failure(new PyroException(
            ErrorCodes.InvalidArgument,
            parsed.Errors[0].Message.TrimEnd('.').Replace("\n\t", " ", StringComparison.Ordinal),
            $"Try: {verb} --help"));
    }
}
