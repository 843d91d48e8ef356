// One prepared machine, several copies of it that try different things at once.
// usage: ForkFanOut [COPIES]
using Pyro;
using Pyro.Workspaces;

int copies = args.Length > 0 ? int.Parse(args[0], null) : 3;
var pyro = new PyroClient();
Workspace source = await pyro.CreateWorkspaceAsync(new CreateWorkspaceRequest { Environment = "debian:12", TtlSeconds = 3600 });
List<string> made = [source.WorkspaceId];
try
{
    // The costly part, done once: files, packages, running processes, warm caches.
    await RunAsync(source.WorkspaceId, "seq 1000 > numbers");

    WorkspaceForkList forks = await pyro.ForkWorkspaceAsync(source.WorkspaceId, new ForkWorkspaceRequest { Count = copies });
    made.AddRange(forks.Forks.Select(fork => fork.WorkspaceId));

    string[] answers = await Task.WhenAll(forks.Forks.Select((fork, i) => RunAsync(fork.WorkspaceId, $"awk '{{ s += $1 % {i + 2} }} END {{ print s }}' numbers | tee answer")));
    for (int i = 0; i < copies; i++)
        Console.WriteLine($"copy {i + 1}: sum of the remainders by {i + 2}: {answers[i].Trim()}");

    // None of them touched the source.
    Console.WriteLine($"the source has: {(await RunAsync(source.WorkspaceId, "ls")).Trim()}");
}
finally
{
    foreach (string id in made)
        await pyro.DeleteWorkspaceAsync(id);
}

async Task<string> RunAsync(string workspace, string line) =>
    (await pyro.ExecWorkspaceAsync(workspace, new WorkspaceExecRequest { Command = ["sh", "-c", line], TimeoutSeconds = 120 })).Stdout;
