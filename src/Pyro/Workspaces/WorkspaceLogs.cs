namespace Pyro.Workspaces;

/// <summary>The commands of a workspace since its last reset, with what they printed.</summary>
/// <param name="WorkspaceId">The workspace.</param>
/// <param name="Entries">In the order in which they ended.</param>
/// <param name="Omitted">How many older ones are not among them.</param>
public sealed record WorkspaceLogs(string WorkspaceId, IReadOnlyList<WorkspaceLogEntry> Entries, int Omitted);

/// <summary>One command.</summary>
/// <param name="Sequence">Its number since the last reset.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="Cwd">Its working directory.</param>
/// <param name="Command">The program and its arguments.</param>
/// <param name="ExitCode">The command's exit code; null if it was cancelled or its machine died.</param>
/// <param name="DurationMs">How long it took.</param>
/// <param name="TimedOut">Whether the time limit ended it.</param>
/// <param name="Stdout">Standard output, or its last bytes.</param>
/// <param name="Stderr">Standard error, or its last bytes.</param>
/// <param name="StdoutTruncated">Whether there was more; the file in the workspace's folder has it.</param>
/// <param name="StderrTruncated">The same of standard error.</param>
public sealed record WorkspaceLogEntry(
    int Sequence,
    DateTimeOffset StartedAt,
    string Cwd,
    IReadOnlyList<string> Command,
    int? ExitCode,
    double DurationMs,
    bool TimedOut,
    string Stdout,
    string Stderr,
    bool StdoutTruncated,
    bool StderrTruncated);
