using Pyro.Workspaces;
using Pyro.Workspaces.Engine;

namespace Pyro.Tests.Workspaces;

public sealed class SummaryTests
{
    private int _sequence;

    [Fact]
    public void Commands_that_are_alike_are_one_and_failing_ones_outlive_the_rest()
    {
        var history = new List<HistoryEntry> { Exec(2, "early", "failure"), Exec(null, "gone") };
        for (int i = 0; i < 500; i++)
            history.Add(Exec(0, "make", "test", $"{i % 50}"));
        history.Add(Exec(1, "make", "test", "7"));
        history.Add(Exec(0, "sh", "-c", "echo one\necho \u001b[2J two"));

        WorkspaceSummary summary = Summary(history);

        Assert.Equal((504, 3, WorkspaceSummaries.MostCommands), (summary.CommandCount, summary.FailedCommandCount, summary.Commands.Count));
        Assert.Equal(
            ["early failure", "gone", "make test 43", "make test 44", "make test 45", "make test 46", "make test 47", "make test 48", "make test 49", "make test 7", "sh -c 'echo one echo ?[2J two'"],
            summary.Commands.Select(static c => c.Command));
        Assert.Equal((10, 100.0, 502), (summary.Commands[8].Count, summary.Commands[8].DurationMs, summary.Commands[8].Sequence));
        Assert.Equal((1, 503), (summary.Commands[9].ExitCode, summary.Commands[9].Sequence));
        Assert.Contains("\n  (430 others, 0 of them failed)\n", summary.ToText(), StringComparison.Ordinal);
    }

    [Fact]
    public void Of_too_many_failures_the_last_are_kept()
    {
        WorkspaceSummary summary = Summary([.. Enumerable.Range(1, 40).Select(i => Exec(i, "try", $"{i}")), Exec(0, "at", "last")]);
        Assert.Equal((41, 40), (summary.CommandCount, summary.FailedCommandCount));
        Assert.Equal(Enumerable.Range(30, 11), summary.Commands.Select(static c => c.ExitCode!.Value));
    }

    [Fact]
    public void Things_done_again_count_where_they_were_done_last()
    {
        WorkspaceSummary summary = Summary(
            [Did(History.FileWrite, "/0"), Did(History.FileWrite, "/a"), Did(History.FileWrite, "/b"), Did(History.Patch, "/a"), Did(History.FileWrite, "/c"), Did(History.FileWrite, "/a"), Did(History.Sync, "/host")]);
        Assert.Equal((6, 1), (summary.EditCount, summary.SyncCount));
        Assert.Equal([("file_write", "/b", 1), ("patch", "/a", 1), ("file_write", "/c", 1), ("file_write", "/a", 2)], summary.Edits.Select(static e => (e.Kind, e.Subject, e.Count)));
    }

    [Fact]
    public void A_summary_of_the_longest_session_has_fewer_than_forty_lines()
    {
        var history = new List<HistoryEntry>();
        for (int i = 0; i < 1000; i++)
        {
            string name = $"/workspace/{i}/" + new string('x', 300) + "\n" + i;
            history.AddRange([Exec(i % 3, "run", name), Did(History.FileWrite, name), Did(History.Patch, name), Did(History.Sync, name, name), Did(History.Export, name, name), Did(History.DiskExport, null, name), Did(History.Snapshot, name), Did(History.SnapshotDeleted, name)]);
        }

        string text = (Summary(history) with
        {
            Changes = new DiffSummary(100, 2, 3, 4, 5, 6),
            ChangedPaths = [.. Enumerable.Range(0, WorkspaceSummaries.MostChanges).Select(i => new DiffEntry($"f{i}\n", DiffStatus.Added, null, null, null, null, null, null, null, true, null))],
        }).ToText();

        string[] lines = text.TrimEnd('\n').Split('\n');
        Assert.Equal(39, lines.Length);
        Assert.All(lines, static line => Assert.InRange(line.Length, 1, 170));
    }

    [Fact]
    public void A_summary_says_what_happened_in_a_few_words()
    {
        HistoryEntry[] history =
        [
            Exec(0, "make"), Exec(2, "make", "test"), Exec(2, "make", "test"), Did(History.FileWrite, "/workspace/a"), Did(History.FileWrite, "/workspace/a"), Did(History.Patch, "/workspace/b"),
            Did(History.Sync, "/host/tree", "/workspace"), Did(History.DiskExport, null, "/host/disk"), Did(History.Snapshot, "good"), Did(History.SnapshotDeleted, "good"),
        ];
        string text = (Summary(history) with { ChangesUnknown = "the workspace is stopped: stopped on request" }).ToText();
        Assert.Equal(
            """
            commands   3, 2 failed
              #1 ok, 0.0 s: make
              #3 exit 2, 0.0 s, 2 times: make test
            edits      3
              /workspace/a, 2 times
              patched /workspace/b
            syncs      1
              /host/tree -> /workspace
            exports    1
              disk -> /host/disk
            snapshots  2
              good
              deleted good
            changed    not known: the workspace is stopped: stopped on request

            """,
            text[text.IndexOf("commands", StringComparison.Ordinal)..]);
        Assert.StartsWith("workspace  0123456789ab (work), stopped\nsince      ", text, StringComparison.Ordinal);
    }

    private static WorkspaceSummary Summary(IReadOnlyList<HistoryEntry> history) => WorkspaceSummaries.Of(
        new WorkspaceRecord
        {
            WorkspaceId = "0123456789ab",
            Name = "work",
            Environment = "debian:12",
            EnvironmentDigest = "sparse-sha256:0",
            VcpuCount = 1,
            MemMib = 1024,
            WorkspaceSeed = new WorkspaceSeed("empty"),
            MachineId = "0123456789abcdef0123456789abcdef",
            CreatedAt = DateTimeOffset.UnixEpoch,
            Layers = ["0001"],
        },
        WorkspaceState.Stopped,
        history);

    private HistoryEntry Exec(int? exitCode, params string[] command) =>
        new() { Kind = History.Exec, At = DateTimeOffset.UnixEpoch, Sequence = ++_sequence, Command = command, ExitCode = exitCode, DurationMs = 10 };

    private static HistoryEntry Did(string kind, string? subject, string? target = null) => new() { Kind = kind, At = DateTimeOffset.UnixEpoch, Subject = subject, Target = target };
}
