using Pyro.Protocol;

namespace Pyro;

/// <summary>Where a run's input comes from and its output goes to, for callers that stream instead of collecting text.</summary>
public sealed class RunStreams
{
    /// <summary>Read until its end and passed on; null if the command has no input.</summary>
    public Stream? Stdin { get; init; }

    /// <summary>Takes standard output as it comes; null to collect it in <see cref="RunResult.Stdout"/>. A write that fails ends the run.</summary>
    public Stream? Stdout { get; init; }

    /// <summary>Takes standard error as it comes; null to collect it in <see cref="RunResult.Stderr"/>. A write that fails ends the run.</summary>
    public Stream? Stderr { get; init; }

    /// <summary>The size of the terminal that the command is given, or null for pipes. A terminal has one output: the standard one.</summary>
    public TerminalSize? Terminal { get; init; }

    /// <summary>By which the caller sends signals and new terminal sizes while the command runs.</summary>
    public RunControl? Control { get; init; }
}
