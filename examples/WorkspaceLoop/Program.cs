// What a coding agent does: a project whose test fails is brought in, mended, tested, compared, handed out and put back.
using Pyro;
using Pyro.Workspaces;

string folder = Directory.CreateTempSubdirectory("pyro-example-").FullName;
await File.WriteAllTextAsync(Path.Combine(folder, "greet"), "echo 'Hello, wrold'\n");
await File.WriteAllTextAsync(Path.Combine(folder, "test"), "test \"$(sh greet)\" = 'Hello, world' && echo passed\n");

var pyro = new PyroClient();
Workspace work = await pyro.CreateWorkspaceAsync(new CreateWorkspaceRequest { Environment = "debian:12", SeedPath = folder, TtlSeconds = 3600 });
try
{
    Console.WriteLine($"before the patch: exit code {await TestAsync()}");

    WorkspacePatchApplied patched = await pyro.ApplyWorkspacePatchAsync(work.WorkspaceId, "--- a/greet\n+++ b/greet\n@@ -1 +1 @@\n-echo 'Hello, wrold'\n+echo 'Hello, world'\n");
    Console.WriteLine($"patched: {patched.Changed[0].Path}");
    Console.WriteLine($"after the patch: exit code {await TestAsync()}");

    WorkspaceDiff diff = await pyro.DiffWorkspaceAsync(work.WorkspaceId);
    Console.Write(diff.Patch);

    string output = Path.Combine(folder, "mended");
    WorkspaceExport export = await pyro.ExportWorkspaceAsync(work.WorkspaceId, "greet", output);
    Console.WriteLine($"exported {export.Bytes} bytes: {(await File.ReadAllTextAsync(output)).Trim()}");

    await pyro.ResetWorkspaceAsync(work.WorkspaceId);
    Console.WriteLine($"after the reset: exit code {await TestAsync()}");
}
finally
{
    await pyro.DeleteWorkspaceAsync(work.WorkspaceId);
    Directory.Delete(folder, recursive: true);
}

async Task<int> TestAsync() => (await pyro.ExecWorkspaceAsync(work.WorkspaceId, new WorkspaceExecRequest { Command = ["sh", "test"] })).ExitCode;
