using System.Diagnostics;
using Pyro.Agent.Tests;
using Pyro.Protocol;
using Pyro.Workspaces.Files;

namespace Pyro.Tests.Workspaces;

/// <summary>A workspace's tree on this machine, and the tools of a real agent on it.</summary>
internal sealed class GuestFilesFixture : IDisposable
{
    internal GuestFilesFixture(AgentProcess agent)
    {
        Files = new GuestFiles(_ => agent.ConnectAsync(), Tree);
    }

    internal string Root { get; } = Directory.CreateTempSubdirectory("pyro-files-").FullName;

    internal string Tree => Directory.CreateDirectory(Path.Combine(Root, "guest", "workspace")).FullName;

    /// <summary>What is beside the tree: where the tools stage their work.</summary>
    internal IEnumerable<string?> Beside => Directory.EnumerateFileSystemEntries(Path.Combine(Root, "guest")).Select(Path.GetFileName);

    internal string Source => Directory.CreateDirectory(Path.Combine(Root, "source")).FullName;

    internal GuestFiles Files { get; }

    internal string Put(string name, string text, string? folder = null)
    {
        string path = Path.Combine(folder ?? Tree, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    internal string Get(string name) => File.ReadAllText(Path.Combine(Tree, name));

    internal void Git(params string[] arguments)
    {
        var start = new ProcessStartInfo("git", ["-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always", .. arguments]) { WorkingDirectory = Source };
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        using Process git = Process.Start(start)!;
        string said = git.StandardError.ReadToEnd();
        git.WaitForExit();
        Assert.True(git.ExitCode == 0, said);
    }

    internal static FileEdit Write(string path, string text, EditPrecondition precondition = EditPrecondition.Any, FileVersion version = default, ushort? mode = null)
        => new(new EditOperation { Kind = EditKind.Write, Path = path, Precondition = precondition, Version = version, Mode = mode }, System.Text.Encoding.UTF8.GetBytes(text));

    internal static FileEdit Do(EditKind kind, string path, string newPath = "", ushort? mode = null)
        => new(new EditOperation { Kind = kind, Path = path, NewPath = newPath, Mode = mode });

    internal static async Task<PyroException> FailsAsync(string code, Func<Task> work)
    {
        PyroException failure = await Assert.ThrowsAsync<PyroException>(work);
        Assert.True(failure.Code == code, $"{failure.Code}: {failure.Message}");
        Assert.NotNull(failure.Hint);
        return failure;
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
