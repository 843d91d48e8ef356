using System.Text;
using System.Text.Json;
using Pyro.Json;
using Pyro.Protocol;
using Pyro.Tests.Workspaces.Patches;
using Pyro.Workspaces;
using Pyro.Workspaces.Diffs;
using Pyro.Workspaces.Patches;

namespace Pyro.Tests.Workspaces.Diffs;

public sealed class DiffTests
{
    private static readonly byte[] s_binary = [0, 1, 2];

    [Fact]
    public void Changes_become_entries_in_order_a_summary_and_a_patch_that_applies()
    {
        WorkspaceDiff diff = DiffBuilder.Build(
            "w1",
            [
                Change("z", Text("1\n"), Text("2\n")),
                Change("new", null, new FileState(EntryKind.Directory, 0x1ed, 0, null)),
                Change("new/file", null, Text("new\n")),
                Change("empty", null, new FileState(EntryKind.Directory, 0x1ed, 0, null)),
                Change("logo", FileState.OfFile(s_binary), FileState.OfFile(new byte[] { 3, 0 })),
                Change("run", FileState.OfFile(s_binary, 0x1a4), FileState.OfFile(s_binary, 0x1ed)),
                Change("gone", Text("gone\n"), null),
                Change("link", Text("a"), FileState.OfLink("b"u8.ToArray())),
                Change("old name", Text("one\ntwo\nthree\nfour\nfive\n"), null),
                Change("a name", null, Text("one\ntwo\nthree\nfour\nsix\n")),
                Change("large", new FileState(EntryKind.File, 0x1a4, 1 << 30, null), null),
            ],
            truncated: false,
            new DiffLimits());

        Assert.Equal(
            [
                "a name renamed from old name True", "empty added False directory", "gone deleted True", "large deleted False too_large", "link type_changed True",
                "logo modified False binary", "new/file added True", "run modified True", "z modified True",
            ],
            diff.Entries.Select(e => $"{e.Path} {PyroJson.NameOf(e.Status)}{(e.OldPath is null ? "" : " from " + e.OldPath)} {e.Patched}{(e.Reason is { } r ? " " + PyroJson.NameOf(r) : "")}").ToArray());
        Assert.Equal(new DiffSummary(2, 4, 2, 1, 6, 3), diff.Summary);
        Assert.True(diff.Changed);

        var old = new Dictionary<string, FileState>
        {
            ["z"] = Text("1\n"), ["run"] = FileState.OfFile(s_binary, 0x1a4), ["gone"] = Text("gone\n"), ["link"] = Text("a"), ["old name"] = Text("one\ntwo\nthree\nfour\nfive\n"),
        };
        var expected = new Dictionary<string, FileState>
        {
            ["z"] = Text("2\n"), ["run"] = FileState.OfFile(s_binary, 0x1ed), ["link"] = FileState.OfLink("b"u8.ToArray()), ["a name"] = Text("one\ntwo\nthree\nfour\nsix\n"), ["new/file"] = Text("new\n"),
        };
        byte[] patch = Encoding.UTF8.GetBytes(diff.Patch);
        PatchTrees.AssertSame(expected, PatchTrees.Ours(old, patch), diff.Patch);
        PatchTrees.AssertSame(expected, PatchTrees.By(old, patch, "git", "apply"), diff.Patch);
        PatchTrees.AssertSame(expected, PatchTrees.By(old, patch, "patch", "-p1", "-f"), diff.Patch);
    }

    [Fact]
    public void A_patch_stays_within_its_limit_and_entries_say_what_is_not_in_it()
    {
        WorkspaceDiff diff = DiffBuilder.Build(
            "w1", [Change("a", null, Text("small\n")), Change("b", null, Text(new string('x', 2000))), Change("c", null, Text("small\n"))], truncated: true, new DiffLimits { PatchBytes = 1000 });

        Assert.Equal([null, DiffReason.PatchLimit, null], diff.Entries.Select(entry => entry.Reason).ToArray());
        Assert.InRange(Encoding.UTF8.GetByteCount(diff.Patch), 1, 1000);
        Assert.True(diff.Truncated);
    }

    [Fact]
    public void As_json_it_has_the_contract_s_fields_in_order()
    {
        WorkspaceDiff diff = DiffBuilder.Build("w1", [], truncated: false, new DiffLimits());

        using JsonDocument json = JsonDocument.Parse(JsonSerializer.Serialize(diff, PyroJson.Readable.WorkspaceDiff));

        Assert.Equal(["workspace_id", "changed", "summary", "entries", "patch", "truncated"], json.RootElement.EnumerateObject().Select(p => p.Name).ToArray());
        Assert.Equal(["added", "modified", "deleted", "type_changed", "text_patched", "non_text"], json.RootElement.GetProperty("summary").EnumerateObject().Select(p => p.Name).ToArray());
        Assert.False(json.RootElement.GetProperty("changed").GetBoolean());
    }

    [Fact]
    public async Task The_guest_s_stream_is_read()
    {
        byte[] name = [0x61, 0xff];
        (IReadOnlyList<PathChange> changes, bool truncated) = await Read(
            Encoded(new ChangesFoundMessage("")),
            Encoded(new TreeChangeMessage("f"u8.ToArray(), default, new TreeSide(FileKind.File, 0x1a4, 3, true), new TreeSide(FileKind.File, 0x1a4, 4, true))),
            (FrameType.ToolData, "old"u8.ToArray()), (FrameType.ToolEnd, []), (FrameType.ToolData, "ne"u8.ToArray()), (FrameType.ToolData, "w!"u8.ToArray()), (FrameType.ToolEnd, []),
            Encoded(new TreeChangeMessage("to"u8.ToArray(), "from"u8.ToArray(), new TreeSide(FileKind.File, 0x1a4, 3, false), new TreeSide(FileKind.File, 0x1a4, 3, false))),
            Encoded(new TreeChangeMessage(name, default, default, new TreeSide(FileKind.File, 0x1a4, 0, true))), (FrameType.ToolEnd, []),
            Encoded(new ToolDoneMessage(3, 7, true)));

        Assert.True(truncated);
        WorkspaceDiff diff = DiffBuilder.Build("w", changes, truncated, new DiffLimits());
        Assert.Equal(["\"a\\377\" Name", "f ", "to "], diff.Entries.Select(entry => $"{entry.Path} {entry.Reason}").ToArray());
        Assert.Contains("-old\n\\ No newline at end of file\n+new!\n", diff.Patch, StringComparison.Ordinal);
        Assert.Contains("similarity index 100%\nrename from from\nrename to to\n", diff.Patch, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../f")]
    [InlineData("/f")]
    [InlineData("a//f")]
    [InlineData("a/./f")]
    [InlineData("")]
    [InlineData("f\0")]
    public async Task A_path_that_there_cannot_be_is_refused(string path)
        => await Assert.ThrowsAsync<ProtocolException>(() => Read(Encoded(new TreeChangeMessage(Encoding.UTF8.GetBytes(path), default, default, new TreeSide(FileKind.Directory, 0, 0, false)))));

    [Fact]
    public async Task More_than_was_asked_for_is_refused()
    {
        var file = new TreeChangeMessage("f"u8.ToArray(), default, default, new TreeSide(FileKind.File, 0, 0, true));
        (FrameType, byte[]) data = (FrameType.ToolData, new byte[60_000]);
        await Assert.ThrowsAsync<ProtocolException>(() => Read([Encoded(file), .. Enumerable.Repeat(data, 100)]));
        await Assert.ThrowsAsync<ProtocolException>(() => Read([.. Enumerable.Range(0, 60_000).Select(i => Encoded(new TreeChangeMessage(Encoding.UTF8.GetBytes($"d{i}"), default, default, new TreeSide(FileKind.Directory, 0, 0, false))))]));
        await Assert.ThrowsAsync<ProtocolException>(() => Read(Encoded(file), (FrameType.ToolEnd, []), Encoded(file), (FrameType.ToolEnd, [])));
        await Assert.ThrowsAsync<ProtocolException>(() => Read(Encoded(file), Encoded(new ToolDoneMessage(0, 0, false))));
    }

    [Fact]
    public async Task Noise_is_refused_by_name_and_ends()
    {
        for (int seed = 0; seed < 2000; seed++)
        {
            var random = new Random(seed);
            (FrameType, byte[])[] frames = [.. Enumerable.Range(0, 30).Select(_ =>
            {
                var payload = new byte[random.Next(60)];
                random.NextBytes(payload);
                if (random.Next(2) == 0 && payload.Length > 40)
                    (payload[1], payload[2], payload[3]) = (0, 0, 0);
                return ((FrameType)random.Next(0x66, 0x78), payload);
            })];
            Exception? e = await Record.ExceptionAsync(() => Read(frames));
            Assert.True(e is null or ProtocolException or PyroException or EndOfStreamException, $"{e}");
        }
    }

    private static async Task<(IReadOnlyList<PathChange> Changes, bool Truncated)> Read(params (FrameType Type, byte[] Payload)[] frames)
    {
        int at = 0;
        var reader = new ChangesReader(
            _ => at < frames.Length ? ValueTask.FromResult((frames[at].Type, (ReadOnlyMemory<byte>)frames[at++].Payload)) : throw new EndOfStreamException(),
            new DiffLimits());
        return await reader.ReadAsync();
    }

    private static (FrameType Type, byte[] Payload) Encoded<T>(T message)
        where T : IMessage<T>
        => (T.Type, Frame.Encode(message)[Wire.HeaderSize..]);

    private static FileState Text(string text) => FileState.OfFile(Encoding.UTF8.GetBytes(text));

    private static PathChange Change(string path, FileState? old, FileState? @new) => new(path, true, null, old, @new);
}
