using System.CommandLine;
using Pyro.Cli.Output;
using Pyro.Json;
using Pyro.Workspaces;

namespace Pyro.Cli.Commands;

/// <summary>The verbs that save a workspace's state and put it back.</summary>
internal static class WorkspaceSnapshotCommands
{
    internal static Command Snapshot() => new("snapshot", "Save a workspace's state, list what was saved, delete it.") { Create(), List(), Delete() };

    internal static Command Reset()
    {
        var snapshot = new Option<string>("--snapshot") { Description = "The snapshot; the baseline is how the workspace was made.", HelpName = "NAME", DefaultValueFactory = static _ => WorkspaceSnapshot.Baseline };
        return WorkspaceVerb.Of("reset", "Put the whole machine back to a snapshot.", [WorkspaceVerb.Id(), snapshot], async call =>
        {
            Workspace reset = await call.Client.ResetWorkspaceAsync(call.Workspace, call.Parsed.GetRequiredValue(snapshot), call.Progress, call.Stop).ConfigureAwait(false);
            return call.Answer(reset, PyroJson.Readable.Workspace, WorkspaceVerb.Print);
        });
    }

    internal static Command Fork()
    {
        var count = new Option<int>("--count") { Description = $"How many copies, 1 to {ForkWorkspaceRequest.MaxCount}.", HelpName = "N", DefaultValueFactory = static _ => 1 };
        var name = new Option<string?>("--name") { Description = "A name; several copies get -1, -2, ... behind it.", HelpName = "N" };
        return WorkspaceVerb.Of("fork", "Make running copies of a running workspace.", [WorkspaceVerb.Id(), count, name], async call =>
        {
            var request = new ForkWorkspaceRequest { Count = call.Parsed.GetValue(count), Name = call.Parsed.GetValue(name) };
            WorkspaceForkList forks = await call.Client.ForkWorkspaceAsync(call.Workspace, request, call.Progress, call.Stop).ConfigureAwait(false);
            return call.Answer(forks, PyroJson.Readable.WorkspaceForkList, static l =>
            {
                foreach (Workspace fork in l.Forks)
                    Report.Out.WriteLine($"{fork.WorkspaceId}{(fork.Name is null ? "" : $"  {fork.Name}")}");
            });
        });
    }

    private static Command Create()
    {
        Argument<string> name = Name();
        return WorkspaceVerb.Of("create", "Save disk and, if the workspace runs, memory.", [WorkspaceVerb.Id(), name], async call =>
        {
            WorkspaceSnapshot made = await call.Client.CreateSnapshotAsync(call.Workspace, call.Parsed.GetRequiredValue(name), call.Stop).ConfigureAwait(false);
            return call.Answer(made, PyroJson.Readable.WorkspaceSnapshot, static s => Report.Out.WriteLine($"{s.SnapshotName} of {s.WorkspaceId}: disk{(s.HasMemory ? " and memory" : "")}"));
        });
    }

    private static Command List() => WorkspaceVerb.Of("list", "Show a workspace's snapshots.", [WorkspaceVerb.Id()], static async call =>
    {
        WorkspaceSnapshotList list = await call.Client.ListSnapshotsAsync(call.Workspace, call.Stop).ConfigureAwait(false);
        return call.Answer(list, PyroJson.Readable.WorkspaceSnapshotList, static l =>
        {
            Report.Out.WriteLine($"{"SNAPSHOT",-24} {"TAKEN",-20} {"HOLDS",-16} {"MB",6}");
            foreach (WorkspaceSnapshot s in l.Snapshots)
                Report.Out.WriteLine($"{s.SnapshotName,-24} {WorkspaceVerb.Time(s.CreatedAt),-20} {(s.HasMemory ? "disk and memory" : "disk"),-16} {s.DiskBytes / 1_000_000,6}");
        });
    });

    private static Command Delete()
    {
        Argument<string> name = Name();
        return WorkspaceVerb.Of("delete", "Delete a snapshot.", [WorkspaceVerb.Id(), name], async call =>
        {
            DeletedSnapshot deleted = await call.Client.DeleteSnapshotAsync(call.Workspace, call.Parsed.GetRequiredValue(name), call.Stop).ConfigureAwait(false);
            return call.Answer(deleted, PyroJson.Readable.DeletedSnapshot, static d => Report.Out.WriteLine($"{d.SnapshotName} of {d.WorkspaceId} is deleted"));
        });
    }

    private static Argument<string> Name() => new("NAME") { HelpName = "NAME", Description = "The snapshot's name." };
}
