using System.Text;
using Pyro.Agent.Tests;
using Pyro.Protocol;
using Pyro.Workspaces.Files;
using static Pyro.Tests.Workspaces.GuestFilesFixture;

namespace Pyro.Tests.Workspaces;

public sealed class ReadTests(AgentProcess agent) : IClassFixture<AgentProcess>
{
    [Fact]
    public async Task A_listing_is_in_stable_order_and_bounded()
    {
        using var guest = new GuestFilesFixture(agent);
        foreach (string name in (string[])["b/z", "b/a", "a.txt", "b.txt", "c/d/e"])
            guest.Put(name, name);
        File.CreateSymbolicLink(Path.Combine(guest.Tree, "link"), "b/z");

        FileListing all = await guest.Files.ListAsync("/workspace", true, 100);
        FileListing top = await guest.Files.ListAsync("", false, 100);
        FileListing cut = await guest.Files.ListAsync("/workspace/", true, 3);
        FileListing one = await guest.Files.ListAsync("b/z", false, 3);

        Assert.Equal(["a.txt", "b", "b/a", "b/z", "b.txt", "c", "c/d", "c/d/e", "link"], all.Entries.Select(e => e.Path));
        Assert.Equal(["a.txt", "b", "b.txt", "c", "link"], top.Entries.Select(e => e.Path));
        Assert.Equal((FileKind.Link, "b/z"), (all.Entries[^1].Kind, all.Entries[^1].LinkTarget));
        Assert.Equal((3, true, false), (cut.Entries.Count, cut.Truncated, all.Truncated));
        Assert.Equal(("b/z", 3UL), (one.Entries[0].Path, one.Entries[0].Size));
    }

    [Fact]
    public async Task Ten_thousand_entries_are_listed()
    {
        using var guest = new GuestFilesFixture(agent);
        for (int i = 0; i < 10_000; i++)
            guest.Put($"{i % 7}/file-with-a-name-that-takes-some-bytes-{i}", "");

        FileListing all = await guest.Files.ListAsync("", true, 100_000);

        Assert.Equal(10_007, all.Entries.Count);
        Assert.False(all.Truncated);
    }

    [Theory]
    [InlineData("text", "héllo", 100, "héllo", false)]
    [InlineData("text", "héllo", 2, "h", true)]
    [InlineData("text", "héllo", 3, "hé", true)]
    [InlineData("text", "a€b", 3, "a", true)]
    [InlineData("text", "", 100, "", false)]
    public async Task Text_is_read_up_to_a_limit(string name, string content, int most, string expected, bool cut)
    {
        using var guest = new GuestFilesFixture(agent);
        guest.Put(name, content);

        FileContent read = await guest.Files.ReadAsync(name, most);

        Assert.Equal((expected, cut, (ulong)Encoding.UTF8.GetByteCount(content)), (read.Text, read.Truncated, read.Version.Size));
    }

    [Theory]
    [InlineData(new byte[] { 0xc3, 0x28 })]
    [InlineData(new byte[] { 0x61, 0x00, 0x62 })]
    [InlineData(new byte[] { 0xe2, 0x82 })]
    public async Task What_is_no_text_is_told_apart(byte[] bytes)
    {
        using var guest = new GuestFilesFixture(agent);
        File.WriteAllBytes(Path.Combine(guest.Tree, "binary"), bytes);

        FileContent read = await guest.Files.ReadAsync("binary", 100);

        Assert.Equal(bytes, read.Bytes.ToArray());
        Assert.False(read.TryGetText(out _));
        Assert.Equal(ErrorCodes.NotText, Assert.Throws<PyroException>(() => read.Text).Code);
    }

    [Fact]
    public async Task Several_files_are_read_at_once_and_fail_alone()
    {
        using var guest = new GuestFilesFixture(agent);
        guest.Put("a", "A");
        guest.Put("big", new string('x', 300_000));
        guest.Put("folder/x", "");
        File.CreateSymbolicLink(Path.Combine(guest.Tree, "out"), "/etc/hostname");
        File.CreateSymbolicLink(Path.Combine(guest.Tree, "in"), Path.Combine(guest.Tree, "a"));
        Trees.Tests.TreeFixture.Run("mkfifo", Path.Combine(guest.Tree, "pipe"));

        IReadOnlyList<FileReading> read = await guest.Files.ReadAsync(["a", "missing", "big", "folder", "out", "pipe", "in", "a/x"], 200_000);

        Assert.Equal(
            ["A", ErrorCodes.NotFound, "200000", ErrorCodes.IsDirectory, ErrorCodes.PathOutsideWorkspace, ErrorCodes.NotRegular, "A", ErrorCodes.NotDirectory],
            read.Select(r => r.Failure?.Code ?? (r.Content!.Bytes.Length > 10 ? $"{r.Content.Bytes.Length}" : r.Content.Text)));
    }

    [Fact]
    public async Task What_is_not_there_is_told()
    {
        using var guest = new GuestFilesFixture(agent);

        PyroException failure = await FailsAsync(ErrorCodes.NotFound, () => guest.Files.ListAsync("a/b", false, 10));

        Assert.Contains("/workspace/a/b", failure.Message, StringComparison.Ordinal);
    }
}
