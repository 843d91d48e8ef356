using System.Runtime.ExceptionServices;
using System.Threading.Channels;

namespace Pyro.Protocol;

/// <summary>
/// A guest tool that runs: frames to it and frames from it, each side at its own pace. Its last frame is
/// <see cref="FrameType.ToolDone"/> or <see cref="FrameType.ToolFailed"/>.
/// </summary>
public sealed class ToolStream : IAsyncDisposable
{
    // What is read ahead: standard input moves only while output is read.
    private const int FramesAhead = 4;

    private readonly ExecStream _exec;
    private readonly ToolOutput _output;
    private readonly CancellationTokenSource _closed = new();
    private readonly Channel<ToolFrame> _frames = Channel.CreateBounded<ToolFrame>(new BoundedChannelOptions(FramesAhead) { SingleReader = true, SingleWriter = true });
    private readonly Task _pump;

    private ToolStream(ExecStream exec)
    {
        _exec = exec;
        _output = new ToolOutput(exec);
        _pump = PumpAsync();
    }

    /// <summary>Starts a tool on a new connection, which it then owns.</summary>
    /// <param name="connection">Not used before.</param>
    /// <param name="tool">One of <see cref="ToolNames"/>.</param>
    /// <param name="root">The guest's directory that it works below.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="GuestRequestException">The agent refused.</exception>
    /// <exception cref="GuestConnectionLostException">The guest is gone.</exception>
    public static async Task<ToolStream> StartAsync(GuestConnection connection, string tool, string root, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return new ToolStream(await connection.ExecAsync(new ExecRequest { Arguments = [tool, root], Tool = true, Stdin = true }, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Sends a message; false if the tool has ended, which reading tells why.</summary>
    public async ValueTask<bool> WriteAsync<T>(T message, CancellationToken cancellationToken = default)
        where T : IMessage<T>
        => await _exec.WriteStdinAsync(Frame.Encode(message), cancellationToken).ConfigureAwait(false);

    /// <summary>Sends whole frames that were encoded before; false if the tool has ended, which reading tells why.</summary>
    public ValueTask<bool> WriteFramesAsync(ReadOnlyMemory<byte> frames, CancellationToken cancellationToken = default)
        => _exec.WriteStdinAsync(frames, cancellationToken);

    /// <summary>Sends content as <see cref="FrameType.ToolData"/>; false if the tool has ended, which reading tells why.</summary>
    public async ValueTask<bool> WriteDataAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken = default)
    {
        while (!data.IsEmpty)
        {
            ReadOnlyMemory<byte> part = data[..Math.Min(data.Length, Wire.MaxPayload)];
            data = data[part.Length..];
            if (!await WriteAsync(FrameType.ToolData, part, cancellationToken).ConfigureAwait(false))
                return false;
        }

        return true;
    }

    /// <summary>Sends <see cref="FrameType.ToolEnd"/>: what began is complete.</summary>
    public ValueTask<bool> WriteEndAsync(CancellationToken cancellationToken = default) => WriteAsync(FrameType.ToolEnd, default, cancellationToken);

    /// <summary>Ends the input before what began is complete: the tool does nothing of it, says so, and cleans up.</summary>
    public ValueTask AbandonAsync(CancellationToken cancellationToken = default) => _exec.CloseStdinAsync(cancellationToken);

    /// <summary>Waits for the next frame.</summary>
    /// <returns>To be disposed of.</returns>
    /// <exception cref="ToolEndedException">The tool ended before its last frame.</exception>
    /// <exception cref="GuestConnectionLostException">The guest is gone.</exception>
    /// <exception cref="ProtocolException">The tool sent what is no frame.</exception>
    public async ValueTask<ToolFrame> ReadAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            return await _frames.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException e)
        {
            if (e.InnerException is not null)
                ExceptionDispatchInfo.Throw(e.InnerException);
            throw new ToolEndedException(_output.Exit, _output.Errors.Trim());
        }
    }

    /// <summary>Closes the connection; a tool that still runs is killed, and undone by the next.</summary>
    public async ValueTask DisposeAsync()
    {
        await _closed.CancelAsync().ConfigureAwait(false);
        await _exec.DisposeAsync().ConfigureAwait(false);
        await _pump.ConfigureAwait(false);
        while (_frames.Reader.TryRead(out ToolFrame frame))
            frame.Dispose();
        _closed.Dispose();
    }

    private async ValueTask<bool> WriteAsync(FrameType type, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        var frame = new byte[Wire.HeaderSize + payload.Length];
        new FrameHeader(type, payload.Length).Write(frame);
        payload.CopyTo(frame.AsMemory(Wire.HeaderSize));
        return await _exec.WriteStdinAsync(frame, cancellationToken).ConfigureAwait(false);
    }

    private async Task PumpAsync()
    {
        var reader = new FrameReader(_output);
        try
        {
            while (await reader.ReadAsync(_closed.Token).ConfigureAwait(false))
                await _frames.Writer.WriteAsync(new ToolFrame(reader.Type, reader.Payload), _closed.Token).ConfigureAwait(false);
            _frames.Writer.Complete();
        }
        catch (Exception e)
        {
            // Told to whoever reads next.
            _frames.Writer.Complete(e);
        }
    }
}
