namespace Pyro.Workspaces;

/// <summary>A command to run in a workspace.</summary>
public sealed record WorkspaceExecRequest
{
    /// <summary>The program and its arguments. No shell is involved.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>How long it may run, in seconds. After that its whole process tree is killed and the exit code is 124.</summary>
    public int TimeoutSeconds { get; init; } = 30;

    /// <summary>Its working directory, an absolute path in the guest.</summary>
    public string Workdir { get; init; } = Workspace.Path;

    /// <summary>Environment variables of the command, beside the guest's own.</summary>
    public IReadOnlyDictionary<string, string> Env { get; init; } = new Dictionary<string, string>();

    /// <summary>How many bytes of each output stream <see cref="WorkspaceExecResult"/> keeps. The workspace's log keeps all of it.</summary>
    public int MaxOutputBytes { get; init; } = 1024 * 1024;
}

/// <summary>What became of a command in a workspace.</summary>
public sealed record WorkspaceExecResult
{
    /// <summary>The workspace.</summary>
    public required string WorkspaceId { get; init; }

    /// <summary>The command's number since the last reset, from 1.</summary>
    public required int Sequence { get; init; }

    /// <summary>Its working directory.</summary>
    public required string Cwd { get; init; }

    /// <summary><see cref="ExecutionModes.GuestVsock"/>: in a virtual machine.</summary>
    public string ExecutionMode { get; init; } = ExecutionModes.GuestVsock;

    /// <summary>The command's exit code: 128 and the signal's number if a signal ended it, 124 after the time limit, 126 and 127 as in a shell.</summary>
    public required int ExitCode { get; init; }

    /// <summary>How long it took.</summary>
    public required double DurationMs { get; init; }

    /// <summary>Standard output as text, or its first bytes; empty if it was streamed.</summary>
    public required string Stdout { get; init; }

    /// <summary>Standard error, in the same way.</summary>
    public required string Stderr { get; init; }

    /// <summary>Whether <see cref="Stdout"/> is less than there was; <c>logs</c> has all of it.</summary>
    public bool StdoutTruncated { get; init; }

    /// <summary>The same of standard error.</summary>
    public bool StderrTruncated { get; init; }

    /// <summary>Whether the time limit ended it.</summary>
    public bool TimedOut { get; init; }
}
