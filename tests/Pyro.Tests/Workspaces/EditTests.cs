using System.Diagnostics;
using Pyro.Agent.Tests;
using Pyro.Protocol;
using Pyro.Trees.Tests;
using Pyro.Workspaces.Files;
using static Pyro.Tests.Workspaces.GuestFilesFixture;

namespace Pyro.Tests.Workspaces;

public sealed class EditTests(AgentProcess agent) : IClassFixture<AgentProcess>
{
    [Fact]
    public async Task A_list_of_changes_is_made()
    {
        using var guest = new GuestFilesFixture(agent);
        guest.Put("replaced", "old");
        File.SetUnixFileMode(Path.Combine(guest.Tree, "replaced"), (UnixFileMode)0x1e8);
        guest.Put("deleted/inner", "x");
        guest.Put("renamed", "r");
        guest.Put("set", "s");
        guest.Put("real", "old");
        File.CreateSymbolicLink(Path.Combine(guest.Tree, "link"), "real");

        await guest.Files.EditAsync(
        [
            Write("/workspace/replaced", "new"),
            Write("made/by/write", "w", mode: 0x1ed),
            Do(EditKind.Delete, "deleted"),
            Do(EditKind.Rename, "renamed", "moved/there"),
            Do(EditKind.MakeDirectory, "folder/deep"),
            Write("link", "through the link"),
            Do(EditKind.SetMode, "set", mode: 0x180),
        ]);

        Assert.Equal("new", guest.Get("replaced"));
        Assert.Equal((UnixFileMode)0x1e8, File.GetUnixFileMode(Path.Combine(guest.Tree, "replaced")));
        Assert.Equal("w", guest.Get("made/by/write"));
        Assert.Equal((UnixFileMode)0x1ed, File.GetUnixFileMode(Path.Combine(guest.Tree, "made/by/write")));
        Assert.False(Directory.Exists(Path.Combine(guest.Tree, "deleted")));
        Assert.Equal("r", guest.Get("moved/there"));
        Assert.Equal((UnixFileMode)0x180, File.GetUnixFileMode(Path.Combine(guest.Tree, "set")));
        Assert.True(Directory.Exists(Path.Combine(guest.Tree, "folder/deep")));
        Assert.Equal("through the link", guest.Get("real"));
        Assert.Equal("real", new FileInfo(Path.Combine(guest.Tree, "link")).LinkTarget);
        Assert.Equal(["workspace"], guest.Beside);
    }

    [Fact]
    public async Task A_change_that_cannot_be_made_undoes_those_before_it()
    {
        using var guest = new GuestFilesFixture(agent);
        guest.Put("a", "a");
        guest.Put("b/inner", "b");
        guest.Put("c", "c");
        string before = Contents(guest.Tree);

        // The last is found out only when it is its turn: "new" is a file by then.
        await FailsAsync(ErrorCodes.NotDirectory, () => guest.Files.EditAsync(
        [
            Write("a", "changed"),
            Do(EditKind.Delete, "b"),
            Do(EditKind.Rename, "c", "d/e/f"),
            Write("new", "file"),
            Do(EditKind.MakeDirectory, "g/h"),
            Write("new/below", "impossible"),
        ]));

        Assert.Equal(before, Contents(guest.Tree));
        Assert.Equal(["workspace"], guest.Beside);
    }

    [Fact]
    public async Task Conditions_are_checked_before_anything_is_done()
    {
        using var guest = new GuestFilesFixture(agent);
        guest.Put("read", "as it was");
        FileContent read = await guest.Files.ReadAsync("read", 100);
        await guest.Files.EditAsync([Write("read", "changed with the right version", EditPrecondition.Same, read.Version)]);

        await FailsAsync(ErrorCodes.FileChanged, () => guest.Files.EditAsync([Write("other", "x"), Write("read", "y", EditPrecondition.Same, read.Version)]));
        await FailsAsync(ErrorCodes.Exists, () => guest.Files.EditAsync([Write("other", "x"), Write("read", "y", EditPrecondition.Absent)]));
        await FailsAsync(ErrorCodes.NotFound, () => guest.Files.EditAsync([Write("other", "x"), Do(EditKind.Delete, "missing")]));
        await FailsAsync(ErrorCodes.InvalidArgument, () => guest.Files.EditAsync([Write("other", "x"), Do(EditKind.Delete, "other")]));
        guest.Put("taken", "t");
        await FailsAsync(ErrorCodes.Exists, () => guest.Files.EditAsync([Write("other", "x"), Do(EditKind.Rename, "read", "taken")]));

        Assert.Equal("changed with the right version", guest.Get("read"));
        Assert.False(File.Exists(Path.Combine(guest.Tree, "other")));
    }

    [Theory]
    [InlineData("../x", ErrorCodes.PathOutsideWorkspace)]
    [InlineData("/etc/passwd", ErrorCodes.PathOutsideWorkspace)]
    [InlineData("/workspaces/x", ErrorCodes.PathOutsideWorkspace)]
    [InlineData("out/x", ErrorCodes.PathOutsideWorkspace)]
    [InlineData("absolute", ErrorCodes.PathOutsideWorkspace)]
    [InlineData("folder", ErrorCodes.IsDirectory)]
    [InlineData("file/x", ErrorCodes.NotDirectory)]
    [InlineData("/workspace", ErrorCodes.IsDirectory)]
    public async Task What_cannot_be_written_is_refused(string path, string code)
    {
        using var guest = new GuestFilesFixture(agent);
        guest.Put("file", "f");
        guest.Put("folder/x", "f");
        File.CreateSymbolicLink(Path.Combine(guest.Tree, "out"), "../../source");
        File.CreateSymbolicLink(Path.Combine(guest.Tree, "absolute"), Path.Combine(guest.Source, "file"));
        string before = Contents(guest.Root);

        await FailsAsync(code, () => guest.Files.WriteAsync(path, "x"u8.ToArray()));

        Assert.Equal(before, Contents(guest.Root));
    }

    [Fact]
    public async Task A_link_that_flips_while_tools_work_leads_none_of_them_out()
    {
        using var guest = new GuestFilesFixture(agent);
        guest.Put("secret", "secret", guest.Source);
        string flipping = Path.Combine(guest.Tree, "d");
        guest.Put("d/secret", "inside");
        string aside = Path.Combine(guest.Tree, "aside");
        using var stop = new CancellationTokenSource();
        Task flip = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                // A tool may make a folder of its own where there is none for a moment, or swap the link for one.
                Try(() => Directory.Delete(aside, recursive: true));
                Try(() => Directory.Move(flipping, aside));
                Try(() => File.CreateSymbolicLink(flipping, guest.Source));
                Try(() => File.Delete(flipping));
                Try(() => Directory.Move(aside, flipping));
                Try(() => Directory.CreateDirectory(flipping));
            }
        });
        guest.Put("x/d/pushed", "pushed", guest.Root);
        int done = 0;
        for (int i = 0; i < 40; i++)
        {
            done += await TryAsync(async () => Assert.NotEqual("secret", (await guest.Files.ReadAsync("d/secret", 100)).Text));
            done += await TryAsync(() => guest.Files.WriteAsync($"d/written{i}", "w"u8.ToArray()));
            done += await TryAsync(() => guest.Files.PushAsync(Path.Combine(guest.Root, "x"), "/workspace"));
            done += await TryAsync(() => guest.Files.ListAsync("d", true, 1000));
        }

        await stop.CancelAsync();
        await flip;
        Assert.True(done > 0);
        Assert.Equal(["secret"], Directory.EnumerateFileSystemEntries(guest.Source).Select(Path.GetFileName));
        Assert.Equal("secret", File.ReadAllText(Path.Combine(guest.Source, "secret")));
    }

    [Fact]
    public async Task A_tool_killed_in_the_middle_is_undone_by_the_next()
    {
        using var guest = new GuestFilesFixture(agent);
        const int Files = 3000;
        for (int i = 0; i < Files; i++)
            guest.Put($"f{i}", "old");
        string before = Contents(guest.Tree);
        FileEdit[] edits = [.. Enumerable.Range(0, Files).Select(i => i % 3 == 0 ? Do(EditKind.Delete, $"f{i}") : Write($"f{i}", "new"))];
        bool seenHalf = false;
        for (int attempt = 0; attempt < 20 && !seenHalf; attempt++)
        {
            Task<TransferResult> edit = guest.Files.EditAsync(edits);
            string all = Path.Combine(guest.Root, "guest", ".pyro");
            // Killed when its journal tells of some steps and not yet of all.
            while (!edit.IsCompleted && JournalLength(all) < 10_000)
                await Task.Yield();
            foreach (Process tool in ToolsOn(guest.Tree))
                tool.Kill();
            try
            {
                await edit;
            }
            catch (PyroException e)
            {
                Assert.Equal(ErrorCodes.FileFailed, e.Code);
            }

            bool half = Contents(guest.Tree) is var left && left.Contains(" new", StringComparison.Ordinal) && left.Contains(" old", StringComparison.Ordinal);
            FileListing listing = await guest.Files.ListAsync("", true, 10 * Files);
            string after = Contents(guest.Tree);
            if (!edit.IsFaulted)
            {
                // It was quicker than the kill: once more from the begin.
                Assert.Equal(Files - ((Files + 2) / 3), listing.Entries.Count);
                for (int i = 0; i < Files; i++)
                    guest.Put($"f{i}", "old");
                continue;
            }

            Assert.Equal(before, after);
            Assert.Equal(["workspace"], guest.Beside);
            seenHalf |= half;
        }

        Assert.True(seenHalf, "no tool was caught in the middle");
    }

    private static async Task<int> TryAsync(Func<Task> work)
    {
        try
        {
            await work();
            return 1;
        }
        catch (PyroException)
        {
            return 0;
        }
    }

    private static void Try(Action change)
    {
        try
        {
            change();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A tool was quicker.
        }
    }

    private static long JournalLength(string all)
    {
        try
        {
            return Directory.Exists(all) ? Directory.EnumerateFiles(all, "journal", SearchOption.AllDirectories).Sum(path => new FileInfo(path).Length) : 0;
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static List<Process> ToolsOn(string tree)
    {
        var tools = new List<Process>();
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            try
            {
                if (int.TryParse(Path.GetFileName(folder), out int id) && File.ReadAllText(folder + "/cmdline").Split('\0') is [.., "edit" or "tar-in", var root, ""] && root == tree)
                    tools.Add(Process.GetProcessById(id));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
            {
                // It has ended.
            }
        }

        return tools;
    }

    private static string Contents(string root)
        => string.Join('\n', Directory.EnumerateFileSystemEntries(root, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Select(path => $"{path} {(new FileInfo(path).LinkTarget ?? (File.Exists(path) ? File.ReadAllText(path) : "dir"))}"));
}
