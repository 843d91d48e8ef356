namespace Pyro.Protocol;

/// <summary>
/// A command that runs in the guest. One reader calls <see cref="ReadAsync"/>; anyone may write. Output that is not read
/// stays in the guest and stops the command when its pipe is full. Standard input moves only while somebody reads,
/// because the agent's credit comes among the output.
/// </summary>
public sealed class ExecStream : IAsyncDisposable
{
    private readonly Stream _stream;
    private readonly FrameReader _reader;
    private readonly FrameWriter _writer;
    private readonly Lock _creditLock = new();
    private TaskCompletionSource _creditArrived = NewSignal();
    private long _credit;
    private bool _ended;

    internal ExecStream(Stream stream, FrameReader reader, FrameWriter writer, uint processId)
    {
        _stream = stream;
        _reader = reader;
        _writer = writer;
        ProcessId = processId;
    }

    /// <summary>The process in the guest; 0 where the command could not be run, which its exit code (126, 127) tells.</summary>
    public uint ProcessId { get; }

    /// <summary>Waits for the next output, or the end. After <see cref="ExecEventKind.Exited"/> there is nothing to read.</summary>
    /// <exception cref="GuestConnectionLostException">The guest is gone.</exception>
    /// <exception cref="GuestRequestException">The agent gave up on the command.</exception>
    public async ValueTask<ExecEvent> ReadAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            while (await GuestConnection.ReadFrameAsync(_reader, cancellationToken).ConfigureAwait(false))
            {
                switch (_reader.Type)
                {
                    case FrameType.Stdout:
                        return new ExecEvent(ExecEventKind.Stdout, _reader.Payload, default);
                    case FrameType.Stderr:
                        return new ExecEvent(ExecEventKind.Stderr, _reader.Payload, default);
                    case FrameType.Exited:
                        End();
                        return new ExecEvent(ExecEventKind.Exited, default, Frame.Decode<ExitedMessage>(_reader.Payload.Span));
                    case FrameType.StdinCredit:
                        AddCredit(Frame.Decode<StdinCreditMessage>(_reader.Payload.Span).Bytes);
                        break;
                    case FrameType.Failed:
                        throw GuestConnection.Failure(_reader);
                }
            }

            throw new GuestConnectionLostException("the guest went away while the command ran");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            End();
            throw;
        }
    }

    /// <summary>
    /// Writes standard input, as fast as the command takes it. False if the command ended before all of it was taken.
    /// </summary>
    public async ValueTask<bool> WriteStdinAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken = default)
    {
        while (data.Length > 0)
        {
            int size = TakeCredit(Math.Min(data.Length, Wire.MaxPayload), out Task arrived);
            if (size < 0)
                return false;
            if (size == 0)
            {
                await arrived.WaitAsync(cancellationToken).ConfigureAwait(false);
                continue;
            }

            if (!await TryWriteAsync(FrameType.Stdin, data[..size], cancellationToken).ConfigureAwait(false))
                return false;
            data = data[size..];
        }

        return true;
    }

    /// <summary>Ends standard input. With a terminal this types Ctrl-D.</summary>
    public async ValueTask CloseStdinAsync(CancellationToken cancellationToken = default)
        => await TryWriteAsync(FrameType.StdinEof, default, cancellationToken).ConfigureAwait(false);

    /// <summary>Sends a signal to the command. Nothing happens if it ended already.</summary>
    /// <param name="number">The signal's Linux number, 1 to 64.</param>
    /// <param name="cancellationToken">Ends the wait for earlier writes.</param>
    public async ValueTask SignalAsync(int number, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(number, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(number, 64);
        await TryWriteAsync(new SignalMessage(number), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Tells the command's terminal its new size. Nothing happens if it ended already.</summary>
    public async ValueTask ResizeAsync(TerminalSize size, CancellationToken cancellationToken = default)
        => await TryWriteAsync(new ResizeMessage(size), cancellationToken).ConfigureAwait(false);

    /// <summary>
    /// Runs the command to its end: copies <paramref name="stdin"/> in, and output out, in constant memory. Each output
    /// is flushed when it was written. A read of <paramref name="stdin"/> that is under way at the end is abandoned.
    /// </summary>
    /// <exception cref="GuestConnectionLostException">The guest is gone.</exception>
    public async Task<ExitedMessage> RunAsync(Stream? stdin, Stream stdout, Stream stderr, CancellationToken cancellationToken = default)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task input = stdin is null ? Task.CompletedTask : CopyStdinAsync(stdin, ended.Token);
        try
        {
            while (true)
            {
                ExecEvent next = await ReadAsync(cancellationToken).ConfigureAwait(false);
                if (next.Kind == ExecEventKind.Exited)
                    return next.Exit;

                Stream output = next.Kind == ExecEventKind.Stdout ? stdout : stderr;
                await output.WriteAsync(next.Data, cancellationToken).ConfigureAwait(false);
                await output.FlushAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            await ended.CancelAsync().ConfigureAwait(false);
            _ = input.ContinueWith(static t => t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        }
    }

    /// <summary>Closes the connection; if the command still runs it is killed with all it started.</summary>
    public ValueTask DisposeAsync()
    {
        End();
        return _stream.DisposeAsync();
    }

    private async Task CopyStdinAsync(Stream stdin, CancellationToken cancellationToken)
    {
        // Not pooled: an abandoned read of a terminal may still write to it long after.
        var buffer = new byte[Wire.MaxPayload];
        try
        {
            int read;
            while ((read = await stdin.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
            {
                if (!await WriteStdinAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false))
                    return;
            }
        }
        catch (IOException)
        {
            // An input that cannot be read on (a terminal that went away) has ended.
        }

        await CloseStdinAsync(cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<bool> TryWriteAsync<T>(T message, CancellationToken cancellationToken)
        where T : IMessage<T>
    {
        try
        {
            await _writer.WriteAsync(message, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The command's end, or the guest's, is told by the reader.
            return false;
        }
    }

    private async ValueTask<bool> TryWriteAsync(FrameType type, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        try
        {
            await _writer.WriteAsync(type, payload, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            return false;
        }
    }

    // Bytes that may be sent; 0 if none now, -1 if none ever.
    private int TakeCredit(int wanted, out Task arrived)
    {
        lock (_creditLock)
        {
            arrived = _creditArrived.Task;
            if (_ended)
                return -1;

            int granted = (int)Math.Min(wanted, _credit);
            _credit -= granted;
            return granted;
        }
    }

    private void AddCredit(uint bytes)
    {
        lock (_creditLock)
        {
            _credit += bytes;
            _creditArrived.TrySetResult();
            _creditArrived = NewSignal();
        }
    }

    private void End()
    {
        lock (_creditLock)
        {
            _ended = true;
            _creditArrived.TrySetResult();
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
