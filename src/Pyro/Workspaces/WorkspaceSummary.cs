namespace Pyro.Workspaces;

/// <summary>What was done with a workspace since its last reset, short enough for a chat. All lists are in the order of time, and have the last things only; the counts are of all.</summary>
public sealed record WorkspaceSummary
{
    /// <summary>The workspace.</summary>
    public required string WorkspaceId { get; init; }

    /// <summary>Its name, or null.</summary>
    public string? Name { get; init; }

    /// <summary>Whether its machine runs.</summary>
    public required WorkspaceState State { get; init; }

    /// <summary>Its last reset, or when it was made.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>How often it was put back.</summary>
    public int ResetCount { get; init; }

    /// <summary>Commands.</summary>
    public int CommandCount { get; init; }

    /// <summary>Commands that did not end with exit code 0.</summary>
    public int FailedCommandCount { get; init; }

    /// <summary>Those that failed, and the last ones that did not. Commands that are alike in words and end are one.</summary>
    public required IReadOnlyList<SummaryCommand> Commands { get; init; }

    /// <summary>Files that were written or patched from outside.</summary>
    public int EditCount { get; init; }

    /// <summary><c>file_write</c> and <c>patch</c>.</summary>
    public required IReadOnlyList<SummaryEvent> Edits { get; init; }

    /// <summary>What was brought in.</summary>
    public int SyncCount { get; init; }

    /// <summary><c>sync</c>.</summary>
    public required IReadOnlyList<SummaryEvent> Syncs { get; init; }

    /// <summary>What was copied out.</summary>
    public int ExportCount { get; init; }

    /// <summary><c>export</c> and <c>disk_export</c>.</summary>
    public required IReadOnlyList<SummaryEvent> Exports { get; init; }

    /// <summary>Snapshots that were taken or deleted.</summary>
    public int SnapshotCount { get; init; }

    /// <summary><c>snapshot</c> and <c>snapshot_deleted</c>.</summary>
    public required IReadOnlyList<SummaryEvent> Snapshots { get; init; }

    /// <summary>How much differs from the baseline, or null: only a running machine tells.</summary>
    public DiffSummary? Changes { get; init; }

    /// <summary>The first paths that differ; <c>diff</c> has all.</summary>
    public IReadOnlyList<DiffEntry> ChangedPaths { get; init; } = [];

    /// <summary>Why <see cref="Changes"/> is not known, else null.</summary>
    public string? ChangesUnknown { get; init; }

    /// <summary>The same in words: fewer than 40 lines.</summary>
    public string ToText() => Engine.SummaryText.Of(this);
}

/// <summary>A command, perhaps run several times with the same end.</summary>
/// <param name="Sequence">The number of the last time; <c>logs</c> has its output.</param>
/// <param name="Command">Its words in one line, cut if they are many.</param>
/// <param name="ExitCode">The command's exit code; null if it was cancelled or its machine died.</param>
/// <param name="TimedOut">Whether the time limit ended it.</param>
/// <param name="DurationMs">How long it took, all times together.</param>
/// <param name="Count">How often it was run.</param>
public sealed record SummaryCommand(int Sequence, string Command, int? ExitCode, bool TimedOut, double DurationMs, int Count);

/// <summary>Something that was done, perhaps several times.</summary>
/// <param name="Kind">What it was.</param>
/// <param name="Subject">What it was done to: a path, a snapshot's name; null for the disk.</param>
/// <param name="Target">Where it went, or null.</param>
/// <param name="Count">How often it was done.</param>
public sealed record SummaryEvent(string Kind, string? Subject, string? Target, int Count);
