using System.CommandLine;
using Pyro.Cli.Output;
using Pyro.Json;
using Pyro.Workspaces;

namespace Pyro.Cli.Commands;

/// <summary>The verbs that bring files into a workspace and out of it.</summary>
internal static class WorkspaceTransferCommands
{
    internal static Command Sync() => new("sync", "Bring files into a workspace.") { Push() };

    internal static Command Export()
    {
        Argument<string> path = WorkspaceFileCommands.PathArgument();
        Option<string> output = OutputOption("HOST_PATH");
        Option<bool> overwrite = OverwriteOption();
        return WorkspaceVerb.Of("export", "Copy a file or folder out of a workspace.", [WorkspaceVerb.Id(), path, output, overwrite], async call =>
        {
            WorkspaceExport exported = await call.Client.ExportWorkspaceAsync(
                call.Workspace, call.Parsed.GetRequiredValue(path), call.Parsed.GetRequiredValue(output), call.Parsed.GetValue(overwrite), call.Stop).ConfigureAwait(false);
            return call.Answer(exported, PyroJson.Readable.WorkspaceExport, static e => Report.Out.WriteLine($"{e.Path} is at {e.OutputPath}: {e.Entries} entries, {e.Bytes} bytes"));
        });
    }

    internal static Option<string> OutputOption(string help) => new("--output", "-o") { Description = "What it is to be called on the host.", HelpName = help, Required = true };

    internal static Option<bool> OverwriteOption() => new("--overwrite") { Description = "Put it in the place of what is there." };

    private static Command Push()
    {
        var source = new Argument<string>("SOURCE") { HelpName = "SOURCE", Description = "A folder, a Git checkout or a .tar, .tar.gz or .tgz on the host." };
        var dest = new Option<string>("--dest") { Description = "Where it goes.", HelpName = "DIR", DefaultValueFactory = static _ => Workspace.Path };
        return WorkspaceVerb.Of("push", "Bring a folder or archive into a workspace: all of it or nothing; what it does not have stays.", [WorkspaceVerb.Id(), source, dest], async call =>
        {
            WorkspaceSync pushed = await call.Client.PushWorkspaceSyncAsync(call.Workspace, call.Parsed.GetRequiredValue(source), call.Parsed.GetRequiredValue(dest), call.Stop).ConfigureAwait(false);
            return call.Answer(pushed, PyroJson.Readable.WorkspaceSync, static s => Report.Out.WriteLine($"{s.Entries} entries, {s.Bytes} bytes of {s.SourcePath} ({s.Mode}) are at {s.Dest}"));
        });
    }
}
