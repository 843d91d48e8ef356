using System.CommandLine;
using Pyro.Cli.Output;
using Pyro.Json;
using Pyro.Workspaces;

namespace Pyro.Cli.Commands;

/// <summary>The verbs that make, show, change and end workspaces.</summary>
internal static class WorkspaceLifecycleCommands
{
    internal static Command Create()
    {
        Argument<string> environment = EnvCommand.EnvironmentArgument();
        Option<int> vcpus = RunCommand.VcpuOption(), memory = RunCommand.MemoryOption();
        var ttl = new Option<int?>("--ttl-seconds") { Description = "Delete the workspace after so many seconds; without it, it stays.", HelpName = "S" };
        var seed = new Option<string?>("--seed-path") { Description = "A folder, Git checkout or tar archive that /workspace begins with.", HelpName = "DIR|TAR" };
        var name = new Option<string?>("--name") { Description = "A name to call it by.", HelpName = "N" };
        Option<string[]> labels = WorkspaceVerb.Many("--label", "K=V", "A word of your own; may be repeated.");
        var idOnly = new Option<bool>("--id-only") { Description = "Print the id and nothing else." };
        return WorkspaceVerb.Of("create", "Make a workspace and start its machine.", [environment, vcpus, memory, ttl, seed, name, labels, idOnly], async call =>
        {
            var request = new CreateWorkspaceRequest
            {
                Environment = call.Parsed.GetRequiredValue(environment),
                VcpuCount = call.Parsed.GetValue(vcpus),
                MemMib = call.Parsed.GetValue(memory),
                TtlSeconds = call.Parsed.GetValue(ttl),
                SeedPath = call.Parsed.GetValue(seed),
                Name = call.Parsed.GetValue(name),
                Labels = WorkspaceVerb.Pairs("--label", call.Parsed.GetValue(labels)),
            };
            Workspace made = await call.Client.CreateWorkspaceAsync(request, call.Progress, call.Stop).ConfigureAwait(false);
            return call.Answer(made, PyroJson.Readable.Workspace, w =>
            {
                if (call.Parsed.GetValue(idOnly))
                    Report.Out.WriteLine(w.WorkspaceId);
                else
                    WorkspaceVerb.Print(w);
            });
        });
    }

    internal static Command List() => WorkspaceVerb.Of("list", "Show all workspaces.", [], async call =>
    {
        WorkspaceList list = await call.Client.ListWorkspacesAsync(call.Stop).ConfigureAwait(false);
        return call.Answer(list, PyroJson.Readable.WorkspaceList, static l =>
        {
            Report.Out.WriteLine($"{"ID",-12} {"NAME",-20} {"ENVIRONMENT",-18} {"STATE",-8} LAST ACTIVE");
            foreach (Workspace w in l.Workspaces)
                Report.Out.WriteLine($"{w.WorkspaceId,-12} {w.Name ?? "-",-20} {w.Environment,-18} {PyroJson.NameOf(w.State),-8} {WorkspaceVerb.Time(w.LastActivityAt)}");
        });
    });

    internal static Command Status() => Simple("status", "Show a workspace.", static call => call.Client.StatusWorkspaceAsync(call.Workspace, call.Stop));

    internal static Command Start() => Simple("start", "Start a stopped workspace; its disk is as it was left.", static call => call.Client.StartWorkspaceAsync(call.Workspace, call.Progress, call.Stop));

    internal static Command Stop() => Simple("stop", "Write everything to the disk and switch the machine off.", static call => call.Client.StopWorkspaceAsync(call.Workspace, call.Stop));

    internal static Command Update()
    {
        var name = new Option<string?>("--name") { Description = "A new name.", HelpName = "N" };
        var clearName = new Option<bool>("--clear-name") { Description = "Take the name away." };
        Option<string[]> labels = WorkspaceVerb.Many("--label", "K=V", "A label to set; may be repeated.");
        Option<string[]> clear = WorkspaceVerb.Many("--clear-label", "K", "A label to take away; may be repeated.");
        return WorkspaceVerb.Of("update", "Change a workspace's name and labels.", [WorkspaceVerb.Id(), name, clearName, labels, clear], async call =>
        {
            var request = new UpdateWorkspaceRequest
            {
                Name = call.Parsed.GetValue(name),
                ClearName = call.Parsed.GetValue(clearName),
                Labels = WorkspaceVerb.Pairs("--label", call.Parsed.GetValue(labels)),
                ClearLabels = call.Parsed.GetValue(clear) ?? [],
            };
            Workspace changed = await call.Client.UpdateWorkspaceAsync(call.Workspace, request, call.Stop).ConfigureAwait(false);
            return call.Answer(changed, PyroJson.Readable.Workspace, WorkspaceVerb.Print);
        });
    }

    internal static Command Delete() => WorkspaceVerb.Of("delete", "Delete a workspace with all that it has.", [WorkspaceVerb.Id()], static async call =>
    {
        DeletedWorkspace deleted = await call.Client.DeleteWorkspaceAsync(call.Workspace, call.Stop).ConfigureAwait(false);
        return call.Answer(deleted, PyroJson.Readable.DeletedWorkspace, static d => Report.Out.WriteLine($"{d.WorkspaceId} is deleted"));
    });

    private static Command Simple(string name, string description, Func<WorkspaceCall, Task<Workspace>> work) =>
        WorkspaceVerb.Of(name, description, [WorkspaceVerb.Id()], async call => call.Answer(await work(call).ConfigureAwait(false), PyroJson.Readable.Workspace, WorkspaceVerb.Print));
}
