using Pyro.Protocol;

namespace Pyro.Running;

/// <summary>A <see cref="RunStreams"/> with a stream for each output.</summary>
internal sealed class CommandStreams : IDisposable
{
    private readonly CaptureStream? _stdout;
    private readonly CaptureStream? _stderr;

    internal CommandStreams(RunStreams streams, int maxOutputBytes)
    {
        Stdin = streams.Stdin;
        Stdout = streams.Stdout ?? (_stdout = new CaptureStream(maxOutputBytes));
        Stderr = streams.Stderr ?? (_stderr = new CaptureStream(maxOutputBytes));
        Terminal = streams.Terminal;
        Control = streams.Control;
    }

    internal Stream? Stdin { get; }

    internal Stream Stdout { get; }

    internal Stream Stderr { get; }

    internal TerminalSize? Terminal { get; }

    internal RunControl? Control { get; }

    /// <summary>What was collected of each output.</summary>
    internal (string Stdout, string Stderr) Collected => (_stdout?.Text ?? "", _stderr?.Text ?? "");

    public void Dispose()
    {
        _stdout?.Dispose();
        _stderr?.Dispose();
    }

    /// <summary>Puts what was collected into a result.</summary>
    internal RunResult Fill(RunResult result) => result with
    {
        Stdout = Collected.Stdout,
        Stderr = Collected.Stderr,
        StdoutTruncated = _stdout?.Truncated ?? false,
        StderrTruncated = _stderr?.Truncated ?? false,
    };
}
