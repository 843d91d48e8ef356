using System.CommandLine;
using Pyro.Cli.Output;
using Pyro.Mcp;

namespace Pyro.Cli.Commands;

/// <summary><c>pyro mcp serve</c>: the tools for a coding agent.</summary>
internal static class McpCommand
{
    internal const string Name = "mcp";

    internal static Command Build()
    {
        var profile = new Option<string>("--profile") { Description = "Which tools to serve.", HelpName = "PROFILE", DefaultValueFactory = _ => Contract.DefaultProfile };
        profile.AcceptOnlyFromAmong([.. Contract.Profiles]);
        var environment = new Option<string>("--environment") { Description = "The environment of a call that names none.", HelpName = "ENV", DefaultValueFactory = _ => "debian:12" };
        EnvCommand.Complete(environment.CompletionSources);
        var project = new Option<string>("--project-path") { Description = "What workspaces begin with unless a call says otherwise: a folder, Git checkout or archive. Without: the Git checkout that pyro was started in.", HelpName = "DIR" };
        var noProject = new Option<bool>("--no-project-source") { Description = "Workspaces begin empty unless a call says otherwise." };
        var serve = new Command("serve", "Speak MCP over standard input and output.") { profile, environment, project, noProject };
        serve.SetAction((parsed, cancellationToken) =>
        {
            Report report = CommandLine.ReportOf(parsed);
            return CommandLine.GuardAsync(report, async () =>
            {
                string? given = parsed.GetValue(project);
                bool none = parsed.GetValue(noProject);
                if (given is not null && none)
                    throw new PyroException(ErrorCodes.InvalidArgument, "--project-path and --no-project-source exclude each other", "Give one of them.");
                var options = new PyroMcpOptions
                {
                    Profile = parsed.GetRequiredValue(profile),
                    DefaultEnvironment = parsed.GetRequiredValue(environment),
                    ProjectPath = given is not null ? ProjectSource.Require(given) : none ? null : ProjectSource.CheckoutOf(Environment.CurrentDirectory),
                };
                await new PyroClient().ServeStdioAsync(options, cancellationToken).ConfigureAwait(false);
                return ExitCodes.Ok;
            });
        });
        return new Command(Name, "Serve Pyro to coding agents by the Model Context Protocol.") { serve };
    }
}
