using System.Text.Json.Serialization;

namespace Pyro;

/// <summary>What became of a <see cref="RunRequest"/>.</summary>
public sealed record RunResult
{
    /// <summary>The environment it ran in.</summary>
    public required string Environment { get; init; }

    /// <summary><see cref="ExecutionModes.GuestVsock"/>: in a virtual machine; <see cref="ExecutionModes.HostCompat"/>: on the host itself, without isolation.</summary>
    public required string ExecutionMode { get; init; }

    /// <summary><c>warm</c> if the machine went on from a snapshot, <c>cold</c> if it booted; null on the host.</summary>
    public string? StartMode { get; init; }

    /// <summary>The command's exit code: 128 and the signal's number if a signal ended it, 124 after the time limit, 126 and 127 as in a shell.</summary>
    public required int ExitCode { get; init; }

    /// <summary>Standard output as text, bytes that are not UTF-8 replaced; empty if it was streamed.</summary>
    public required string Stdout { get; init; }

    /// <summary>Standard error, in the same way.</summary>
    public required string Stderr { get; init; }

    /// <summary>Whether <see cref="Stdout"/> was cut at <see cref="RunRequest.MaxOutputBytes"/>.</summary>
    public bool StdoutTruncated { get; init; }

    /// <summary>Whether <see cref="Stderr"/> was cut.</summary>
    public bool StderrTruncated { get; init; }

    /// <summary>Whether the command was killed at <see cref="RunRequest.TimeoutSeconds"/>.</summary>
    public bool TimedOut { get; init; }

    /// <summary>Where the time went, in milliseconds.</summary>
    public required RunTimings TimingsMs { get; init; }

    /// <summary>What the machine did, if <see cref="RunRequest.Stats"/> asked for it; null if there was no machine, or it ended before its command.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RunStats? Stats { get; init; }
}
