using System.Formats.Tar;
using Pyro.Agent.Tests;
using Pyro.Protocol;
using Pyro.Trees.Tests;
using Pyro.Workspaces.Files;
using static Pyro.Tests.Workspaces.GuestFilesFixture;

namespace Pyro.Tests.Workspaces;

public sealed class TransferTests(AgentProcess agent) : IClassFixture<AgentProcess>
{
    [Theory]
    [InlineData(21)]
    [InlineData(22)]
    [InlineData(23)]
    public async Task A_folder_goes_in_and_comes_out_as_it_was(int seed)
    {
        using var guest = new GuestFilesFixture(agent);
        TreeFixture.Fill(guest.Source, new Random(seed), 200);
        string output = Path.Combine(guest.Root, "output");

        TransferResult pushed = await guest.Files.PushAsync(guest.Source, "/workspace/sub/folder");
        TransferResult exported = await guest.Files.ExportAsync("sub/folder", output, overwrite: false);

        Assert.Equal("directory", pushed.Origin);
        Assert.Equal(pushed.Entries + 1, exported.Entries);
        Assert.Equal(TreeFixture.Describe(guest.Source), TreeFixture.Describe(Path.Combine(guest.Tree, "sub/folder")));
        Assert.Equal(TreeFixture.Describe(guest.Source), TreeFixture.Describe(output));
        Assert.Equal(["workspace"], guest.Beside);
    }

    [Fact]
    public async Task A_push_adds_and_replaces_and_what_it_does_not_have_stays()
    {
        using var guest = new GuestFilesFixture(agent);
        guest.Put("kept", "kept");
        guest.Put("both/kept", "kept");
        guest.Put("both/replaced", "old");
        File.CreateSymbolicLink(Path.Combine(guest.Tree, "was-link"), "kept");
        guest.Put("both/replaced", "new", guest.Source);
        guest.Put("both/added/x", "new", guest.Source);
        guest.Put("was-link/now-folder", "new", guest.Source);

        await guest.Files.PushAsync(guest.Source, "/workspace");

        Assert.Equal(("kept", "kept", "new", "new", "new"), (guest.Get("kept"), guest.Get("both/kept"), guest.Get("both/replaced"), guest.Get("both/added/x"), guest.Get("was-link/now-folder")));
    }

    [Fact]
    public async Task A_refused_push_leaves_the_tree_as_it_was()
    {
        using var guest = new GuestFilesFixture(agent);
        TreeFixture.Fill(guest.Tree, new Random(3), 100);
        guest.Put("z-folder/x", "in the way");
        TreeFixture.Fill(guest.Source, new Random(4), 100);
        foreach (string name in Directory.EnumerateDirectories(guest.Tree).Select(d => Path.GetFileName(d)))
            guest.Put($"{name}/new", "merged into a folder", guest.Source);
        Directory.Delete(Path.Combine(guest.Source, "z-folder"), recursive: true);
        guest.Put("z-folder", "a file where a folder is", guest.Source);
        string before = TreeFixture.Describe(guest.Tree);

        await FailsAsync(ErrorCodes.IsDirectory, () => guest.Files.PushAsync(guest.Source, "/workspace"));

        Assert.Equal(before, TreeFixture.Describe(guest.Tree));
        Assert.Equal(["workspace"], guest.Beside);
    }

    [Fact]
    public async Task A_checkout_brings_what_git_tracks_and_does_not_ignore()
    {
        using var guest = new GuestFilesFixture(agent);
        string module = Directory.CreateDirectory(Path.Combine(guest.Root, "module")).FullName;
        guest.Put("inner", "of the submodule", module);
        guest.Git("init", "-q", module);
        guest.Git("-C", module, "add", "-A");
        guest.Git("-C", module, "commit", "-qm", "m");
        guest.Git("init", "-q");
        guest.Put(".gitignore", "ignored\n*.o\n", guest.Source);
        guest.Put("tracked.txt", "t", guest.Source);
        guest.Put("sub/tracked é\n.txt", "t", guest.Source);
        guest.Put("sub/deleted", "d", guest.Source);
        guest.Put("gone/deleted", "d", guest.Source);
        guest.Git("add", "-A");
        guest.Git("submodule", "--quiet", "add", module, "mod");
        guest.Git("commit", "-qm", "m");
        guest.Put("sub/untracked", "u", guest.Source);
        guest.Put("ignored/x", "i", guest.Source);
        guest.Put("sub/x.o", "i", guest.Source);
        File.Delete(Path.Combine(guest.Source, "sub/deleted"));
        Directory.Delete(Path.Combine(guest.Source, "gone"), recursive: true);
        // What is tracked and lies behind a link now is deleted for Git.
        File.CreateSymbolicLink(Path.Combine(guest.Source, "gone"), "sub");

        TransferResult pushed = await guest.Files.PushAsync(guest.Source, "/workspace");
        TransferResult folder = await guest.Files.PushAsync(Path.Combine(guest.Source, "sub"), "/workspace/only");
        TransferResult ignored = await guest.Files.PushAsync(Path.Combine(guest.Source, "ignored"), "/workspace/wanted");

        Assert.Equal(("git", "git", "directory"), (pushed.Origin, folder.Origin, ignored.Origin));
        Assert.Equal(
            [".gitignore", ".gitmodules", "gone", "mod", "mod/inner", "only", "only/tracked é\n.txt", "only/untracked", "sub", "sub/tracked é\n.txt", "sub/untracked", "tracked.txt", "wanted", "wanted/x"],
            (await guest.Files.ListAsync("", true, 100)).Entries.Select(e => e.Path));
    }

    [Theory]
    [InlineData("a.tar")]
    [InlineData("a.tar.gz")]
    [InlineData("a.tgz")]
    public async Task An_archive_goes_in(string name)
    {
        using var guest = new GuestFilesFixture(agent);
        TreeFixture.Fill(guest.Source, new Random(31), 100);
        string archive = Path.Combine(guest.Root, name);
        TreeFixture.Run("tar", "c", "--format=posix", name == "a.tar" ? "-f" : "-zf", archive, "-C", guest.Source, ".");

        TransferResult pushed = await guest.Files.PushAsync(archive, "/workspace");

        Assert.Equal("archive", pushed.Origin);
        Assert.Equal(TreeFixture.Describe(guest.Source), TreeFixture.Describe(guest.Tree));
    }

    [Theory]
    [InlineData("link", "is a link that leads out")]
    [InlineData("pipe", "device or a pipe")]
    [InlineData("archive-up", "../evil")]
    [InlineData("archive-cut", "ends before")]
    [InlineData("archive-noise", "the archive holds a number that is none")]
    public async Task A_source_that_is_refused_is_refused_by_name_and_changes_nothing(string what, string words)
    {
        using var guest = new GuestFilesFixture(agent);
        guest.Put("kept", "kept");
        guest.Put("a", "a", guest.Source);
        string source = guest.Source;
        string archive = Path.Combine(guest.Root, "x.tar");
        switch (what)
        {
            case "link":
                File.CreateSymbolicLink(Path.Combine(source, "evil"), "../..");
                break;
            case "pipe":
                TreeFixture.Run("mkfifo", Path.Combine(source, "pipe"));
                break;
            case "archive-up":
                using (var writer = new TarWriter(File.Create(archive)))
                {
                    writer.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "fine"));
                    writer.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "../evil"));
                }

                source = archive;
                break;
            default:
                File.WriteAllBytes(archive, new byte[what == "archive-cut" ? 300 : 0]);
                if (what == "archive-noise")
                    File.WriteAllText(archive, new string('x', 5000));
                source = archive;
                break;
        }

        PyroException refused = await FailsAsync(ErrorCodes.SyncRefused, () => guest.Files.PushAsync(source, "/workspace"));

        Assert.Contains(words, refused.Message, StringComparison.Ordinal);
        Assert.Equal(["kept"], Directory.EnumerateFileSystemEntries(guest.Tree).Select(Path.GetFileName));
        Assert.Equal(["workspace"], guest.Beside);
    }

    [Fact]
    public async Task A_source_that_is_nothing_to_push_is_told()
    {
        using var guest = new GuestFilesFixture(agent);
        guest.Put("text.txt", "", guest.Source);

        await FailsAsync(ErrorCodes.NotFound, () => guest.Files.PushAsync(Path.Combine(guest.Root, "missing"), "/workspace"));
        await FailsAsync(ErrorCodes.InvalidArgument, () => guest.Files.PushAsync(Path.Combine(guest.Source, "text.txt"), "/workspace"));
        await FailsAsync(ErrorCodes.PathOutsideWorkspace, () => guest.Files.PushAsync(guest.Source, "/etc"));
    }

    [Fact]
    public async Task An_export_overwrites_only_if_asked_and_leaves_nothing_beside()
    {
        using var guest = new GuestFilesFixture(agent);
        guest.Put("file", "new");
        File.SetUnixFileMode(Path.Combine(guest.Tree, "file"), (UnixFileMode)0x9ed);
        string folder = Directory.CreateDirectory(Path.Combine(guest.Root, "out")).FullName;
        string output = Path.Combine(folder, "file");
        File.WriteAllText(output, "old");

        await FailsAsync(ErrorCodes.Exists, () => guest.Files.ExportAsync("file", output, overwrite: false));
        Assert.Equal("old", File.ReadAllText(output));
        await guest.Files.ExportAsync("file", output, overwrite: true);
        await FailsAsync(ErrorCodes.NotFound, () => guest.Files.ExportAsync("missing", Path.Combine(folder, "x"), overwrite: false));

        Assert.Equal("new", File.ReadAllText(output));
        // No setuid on the host.
        Assert.Equal((UnixFileMode)0x1ed, File.GetUnixFileMode(output));
        Assert.Equal(["file"], Directory.EnumerateFileSystemEntries(folder).Select(Path.GetFileName));
    }

    [Fact]
    public async Task An_export_keeps_links_and_writes_through_none()
    {
        using var guest = new GuestFilesFixture(agent);
        guest.Put("d/file", "f");
        File.CreateSymbolicLink(Path.Combine(guest.Tree, "d/out"), "/etc/hostname");
        File.CreateSymbolicLink(Path.Combine(guest.Tree, "to-d"), "d");
        File.CreateSymbolicLink(Path.Combine(guest.Tree, "leaves"), "../../source");
        string output = Path.Combine(guest.Root, "deep", "output");

        await guest.Files.ExportAsync("to-d", output, overwrite: false);
        await FailsAsync(ErrorCodes.PathOutsideWorkspace, () => guest.Files.ExportAsync("leaves/x", Path.Combine(guest.Root, "y"), overwrite: false));

        Assert.Equal("/etc/hostname", new FileInfo(Path.Combine(output, "out")).LinkTarget);
        Assert.Equal("f", File.ReadAllText(Path.Combine(output, "file")));
    }

    [Fact]
    public async Task A_cancelled_push_changes_nothing_and_its_stage_goes_with_the_next_tool()
    {
        using var guest = new GuestFilesFixture(agent);
        for (int i = 0; i < 40; i++)
            File.WriteAllBytes(Path.Combine(guest.Source, $"f{i}"), new byte[4_000_000]);
        using var stop = new CancellationTokenSource();
        string all = Path.Combine(guest.Root, "guest", ".pyro");
        Task<TransferResult> push = guest.Files.PushAsync(guest.Source, "/workspace", stop.Token);
        while (!Directory.Exists(all) && !push.IsCompleted)
            await Task.Delay(1);
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => push);

        for (int i = 0; i < 600 && guest.Beside.Count() > 1; i++)
        {
            await guest.Files.ListAsync("", false, 10);
            await Task.Delay(20);
        }

        Assert.Equal(["workspace"], guest.Beside);
        Assert.Empty(Directory.EnumerateFileSystemEntries(guest.Tree));
    }
}
