using System.CommandLine;
using Pyro.Cli.Output;
using Pyro.Json;
using Pyro.Workspaces;

namespace Pyro.Cli.Commands;

/// <summary>The verbs that look back: at the disk of a stopped workspace, and at what was done with one.</summary>
internal static class WorkspaceDiskCommands
{
    private const string Where = "A path from the root of the disk; a relative one is below /workspace.";

    internal static Command Disk() => new("disk", "Look into the disk of a stopped workspace, or copy it out.")
    {
        Export(),
        WorkspaceFileCommands.Listing("List a folder on the disk, without a boot.", Where, static (call, path, recursive) => call.Client.ListWorkspaceDiskAsync(call.Workspace, path, recursive, call.Stop)),
        WorkspaceFileCommands.Reading("Show a text file on the disk, without a boot.", Where, static (call, path, max) => call.Client.ReadWorkspaceDiskAsync(call.Workspace, path, max, call.Stop)),
    };

    internal static Command Summary() => WorkspaceVerb.Of("summary", "Tell in short what was done since the last reset.", [WorkspaceVerb.Id()], static async call =>
    {
        WorkspaceSummary summary = await call.Client.SummarizeWorkspaceAsync(call.Workspace, call.Stop).ConfigureAwait(false);
        return call.Answer(summary, PyroJson.Readable.WorkspaceSummary, static s => Report.Out.Write(s.ToText()));
    });

    private static Command Export()
    {
        Option<string> output = WorkspaceTransferCommands.OutputOption("FILE");
        Option<bool> overwrite = WorkspaceTransferCommands.OverwriteOption();
        return WorkspaceVerb.Of("export", "Copy the disk to a raw ext4 image.", [WorkspaceVerb.Id(), output, overwrite], async call =>
        {
            WorkspaceDiskExport exported = await call.Client.ExportWorkspaceDiskAsync(call.Workspace, call.Parsed.GetRequiredValue(output), call.Parsed.GetValue(overwrite), call.Stop).ConfigureAwait(false);
            return call.Answer(exported, PyroJson.Readable.WorkspaceDiskExport, e =>
            {
                Report.Out.WriteLine($"the disk is at {e.OutputPath}: {e.Size} bytes, {e.BytesWritten} of them in use");
                if (e.FileSystem == WorkspaceDiskExport.NeedsRecovery && !call.Report.Quiet)
                    Report.Error.WriteLine("pyro: its machine was killed: the newest changes are in the journal of the image\n      Bring them in: e2fsck -p FILE. Or start and stop the workspace, and export again.");
                if (e.FileSystem == WorkspaceDiskExport.Unreadable && !call.Report.Quiet)
                    Report.Error.WriteLine("pyro: its file system is damaged, or has features that pyro does not know\n      Look at it: e2fsck -fn FILE");
            });
        });
    }
}
