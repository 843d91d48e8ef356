// Looks at the disk of a stopped machine without starting it, and copies it out as one image.
using Pyro;
using Pyro.Workspaces;

var pyro = new PyroClient();
string image = Path.Combine(Path.GetTempPath(), $"pyro-example-{Environment.ProcessId}.ext4");
Workspace work = await pyro.CreateWorkspaceAsync(new CreateWorkspaceRequest { Environment = "debian:12", TtlSeconds = 3600 });
try
{
    await pyro.WriteWorkspaceFileAsync(work.WorkspaceId, "notes/today.md", "kept on the disk\n");
    await pyro.StopWorkspaceAsync(work.WorkspaceId);

    WorkspaceFileList list = await pyro.ListWorkspaceDiskAsync(work.WorkspaceId, "/workspace", recursive: true);
    foreach (WorkspaceFileEntry entry in list.Entries)
        Console.WriteLine($"{entry.Mode} {entry.Path}");
    WorkspaceFileContent notes = await pyro.ReadWorkspaceDiskAsync(work.WorkspaceId, "/workspace/notes/today.md");
    Console.Write(notes.Content);

    await pyro.ExportWorkspaceDiskAsync(work.WorkspaceId, image);
    using FileStream file = File.OpenRead(image);
    file.Position = 0x438;
    Console.WriteLine($"an ext4 image: {(file.ReadByte() == 0x53 && file.ReadByte() == 0xef ? "yes" : "no")}");
}
finally
{
    await pyro.DeleteWorkspaceAsync(work.WorkspaceId);
    File.Delete(image);
}
