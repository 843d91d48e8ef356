using Pyro.Protocol;

namespace Pyro.Running;

/// <summary>A <see cref="RunStreams"/> with a stream for each output.</summary>
internal sealed class CommandStreams : IDisposable
{
    private readonly CaptureStream? _stdout;
    private readonly CaptureStream? _stderr;

    private CommandStreams(CommandStreams like, Stream stdout, Stream stderr)
    {
        Stdin = like.Stdin;
        Stdout = stdout;
        Stderr = stderr;
        Terminal = like.Terminal;
        Control = like.Control;
    }

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

    /// <summary>Whether less was collected of each output than there was.</summary>
    internal (bool Stdout, bool Stderr) Truncated => (_stdout?.Truncated ?? false, _stderr?.Truncated ?? false);

    /// <summary>The same with outputs that pass on to these.</summary>
    internal CommandStreams With(Stream stdout, Stream stderr) => new(this, stdout, stderr);

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
        StdoutTruncated = Truncated.Stdout,
        StderrTruncated = Truncated.Stderr,
    };
}
