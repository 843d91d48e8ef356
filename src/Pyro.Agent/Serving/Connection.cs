using Pyro.Agent.Exec;
using Pyro.Agent.Loop;
using Pyro.Agent.Native;
using Pyro.Protocol;

namespace Pyro.Agent.Serving;

/// <summary>One accepted connection: frames in, frames out, one request.</summary>
internal sealed class Connection : IEventTarget
{
    private const ulong LingerNanoseconds = 2_000_000_000;
    private const int ReadsInOneTurn = 16;

    // What was received and not yet handled; shared, because it is handled or copied before the next receive.
    private static readonly byte[] s_received = new byte[64 * 1024];

    private readonly AgentServer _server;
    private readonly Listener _listener;
    private readonly IMachine _machine;
    private int _fd;
    private int _slot = -1;
    private State _state = State.AwaitingRequest;
    private ExecSession? _exec;
    private byte[]? _partial;
    private int _partialLength;
    private byte[]? _unsent;
    private int _unsentStart;
    private int _unsentEnd;
    private bool _broken;
    private bool _isOfBefore;
    private Action? _onClosed;

    public Connection(AgentServer server, Listener listener, IMachine machine, int fd)
    {
        _server = server;
        _listener = listener;
        _machine = machine;
        _fd = fd;
        _slot = server.Loop.Add(fd, Linux.EPOLLIN | Linux.EPOLLOUT | Linux.EPOLLRDHUP, this, 0);
    }

    private enum State
    {
        AwaitingRequest,
        Busy,
        Lingering,
        Closed,
    }

    /// <inheritdoc/>
    public ulong Deadline { get; private set; } = ulong.MaxValue;

    /// <summary>Whose connection it is.</summary>
    public AgentServer Server => _server;

    /// <summary>Whether an answer can still be given.</summary>
    public bool IsOpen => !_broken && _state == State.Busy;

    /// <summary>Whether it ended by an error, not by an end of stream.</summary>
    public bool WasReset { get; private set; }

    /// <summary>Whether all that was given has been sent, and the host is there.</summary>
    public bool CanSend => _unsent is null && !_broken && _state != State.Closed;

    /// <inheritdoc/>
    public void OnEvents(int source, uint events)
    {
        if ((events & Linux.EPOLLOUT) != 0)
            Flush();
        if ((events & ~Linux.EPOLLOUT) != 0)
            Receive();
    }

    /// <inheritdoc/>
    public void OnAgain()
    {
        if (_broken)
            Close();
        else
            Receive();
    }

    /// <inheritdoc/>
    public void OnDeadline() => Close();

    /// <inheritdoc/>
    public void OnFault(Exception exception)
    {
        Fail(exception is ProtocolException ? FailureCode.BadRequest : FailureCode.InternalError, exception.Message);
        DropExec();
    }

    /// <summary>Sends a frame; what the socket does not take now is kept and sent later.</summary>
    public void Send(ReadOnlySpan<byte> frame)
    {
        if (_broken || _state == State.Closed)
            return;

        if (_unsent is null)
        {
            int sent = SendSome(frame);
            if (_broken)
                return;
            frame = frame[sent..];
        }

        if (!frame.IsEmpty)
            Keep(frame);
    }

    /// <summary>Tells that the request failed, and ends the connection.</summary>
    public void Fail(string code, string message)
    {
        if (message.Length > 4096)
            message = message[..4096];
        Send(Frame.Encode(new FailedMessage(code, message)));
        Linger();
    }

    /// <summary>Tells that the request is done, and ends the connection.</summary>
    public void Done()
    {
        Span<byte> frame = stackalloc byte[Wire.HeaderSize];
        new FrameHeader(FrameType.Done, 0).Write(frame);
        Send(frame);
        Linger();
    }

    /// <summary>Tells that all processes stand still; the connection stays.</summary>
    public void TellHeld()
    {
        Span<byte> frame = stackalloc byte[Wire.HeaderSize];
        new FrameHeader(FrameType.Held, 0).Write(frame);
        Send(frame);
    }

    /// <summary>Sends the one answer to a request, and ends the connection.</summary>
    public void Answer<T>(T message)
        where T : IMessage<T>
    {
        Send(Frame.Encode(message));
        Linger();
    }

    /// <summary>Joins a command to the connection.</summary>
    public void BeginExec(ExecSession exec)
    {
        _exec = exec;
        exec.Begin();
    }

    /// <summary>The command has told all; the connection ends.</summary>
    public void EndExec()
    {
        _exec = null;
        Linger();
    }

    /// <summary>Has a call made once the connection is closed, by either side.</summary>
    public void WhenClosed(Action action)
    {
        if (_state == State.Closed)
            action();
        else
            _onClosed = action;
    }

    private void Receive()
    {
        for (int turn = 0; turn < ReadsInOneTurn; turn++)
        {
            if (_state == State.Closed)
                return;

            Span<byte> target = _partial is null ? s_received : _partial.AsSpan(_partialLength);
            int count = ReceiveSome(target);
            if (count < 0)
                return;
            if (count == 0)
            {
                Close();
                return;
            }

            if (_state == State.Lingering)
                DropPartial();
            else if (_partial is null)
                HandleAll(s_received.AsSpan(0, count));
            else
                AddToPartial(count);
        }

        _server.Loop.Again(this);
    }

    // The frame that began in an earlier receive; its array is exactly as long as the frame, or as a header.
    private void AddToPartial(int count)
    {
        _partialLength += count;
        byte[] partial = _partial!;
        if (_partialLength < partial.Length)
            return;

        FrameHeader.TryRead(partial, out FrameHeader header);
        int size = Wire.HeaderSize + header.Length;
        if (size > partial.Length)
        {
            Array.Resize(ref _partial, size);
            return;
        }

        DropPartial();
        Handle(header.Type, partial.AsSpan(Wire.HeaderSize, header.Length));
    }

    private void HandleAll(ReadOnlySpan<byte> data)
    {
        while (FrameHeader.TryRead(data, out FrameHeader header))
        {
            int size = Wire.HeaderSize + header.Length;
            if (size > data.Length)
            {
                KeepPartial(data, size);
                return;
            }

            Handle(header.Type, data.Slice(Wire.HeaderSize, header.Length));
            if (_state is State.Lingering or State.Closed)
                return;
            data = data[size..];
        }

        if (!data.IsEmpty)
            KeepPartial(data, Wire.HeaderSize);
    }

    private void KeepPartial(ReadOnlySpan<byte> data, int size)
    {
        _partial = new byte[size];
        data.CopyTo(_partial);
        _partialLength = data.Length;
    }

    private void DropPartial()
    {
        _partial = null;
        _partialLength = 0;
    }

    private void Handle(FrameType type, ReadOnlySpan<byte> payload)
    {
        if (_state == State.AwaitingRequest)
        {
            _state = State.Busy;
            RequestHandler.Handle(_server, _machine, this, type, payload);
        }
        else if (_state == State.Busy)
        {
            if (Wire.IsRequest(type))
                throw new ProtocolException("a connection carries one request");
            _exec?.OnFrame(type, payload);
        }
    }

    private unsafe int ReceiveSome(Span<byte> target)
    {
        fixed (byte* p = target)
        {
            nint count;
            do
                count = Libc.recv(_fd, p, (nuint)target.Length, 0);
            while (count < 0 && Sys.Errno == Linux.EINTR);
            if (count >= 0)
                return (int)count;
            int errno = Sys.Errno;
            if (errno == Linux.EAGAIN)
                return -1;
            NoteReset(errno);
            return 0;
        }
    }

    // Bytes sent; on an error the connection is closed after the current call, which may be deep in a command's.
    private unsafe int SendSome(ReadOnlySpan<byte> data)
    {
        int total = 0;
        fixed (byte* p = data)
        {
            while (total < data.Length)
            {
                nint count = Libc.send(_fd, p + total, (nuint)(data.Length - total), Linux.MSG_NOSIGNAL);
                if (count >= 0)
                {
                    total += (int)count;
                    continue;
                }

                int errno = Sys.Errno;
                if (errno == Linux.EINTR)
                    continue;
                if (errno == Linux.EAGAIN)
                    return total;

                NoteReset(errno);
                _broken = true;
                _server.Loop.Again(this);
                return total;
            }
        }

        return total;
    }

    // The host's end of a connection ends it by an end of stream, or by EPIPE for what is sent to it. A connection that was
    // open and is not even there any more (ENOTCONN) is one of the machine that this one was copied from.
    private void NoteReset(int errno)
    {
        WasReset |= errno != Linux.EPIPE;
        _isOfBefore |= errno == Linux.ENOTCONN;
    }

    private void Keep(ReadOnlySpan<byte> frame)
    {
        _unsent ??= frame.Length <= BufferPool.Size ? BufferPool.Rent() : new byte[frame.Length];
        if (_unsentEnd + frame.Length > _unsent.Length)
        {
            var larger = new byte[_unsentEnd - _unsentStart + frame.Length];
            _unsent.AsSpan(_unsentStart, _unsentEnd - _unsentStart).CopyTo(larger);
            _unsentEnd -= _unsentStart;
            _unsentStart = 0;
            _unsent = larger;
        }

        frame.CopyTo(_unsent.AsSpan(_unsentEnd));
        _unsentEnd += frame.Length;
    }

    private void Flush()
    {
        if (_unsent is not null)
        {
            _unsentStart += SendSome(_unsent.AsSpan(_unsentStart, _unsentEnd - _unsentStart));
            if (_unsentStart < _unsentEnd || _broken)
                return;
            DropUnsent();
        }

        if (_state == State.Lingering)
            _ = Libc.shutdown(_fd, Linux.SHUT_WR);
        _exec?.OnSent();
    }

    private void DropUnsent()
    {
        if (_unsent is { Length: BufferPool.Size })
            BufferPool.Return(_unsent);
        _unsent = null;
        _unsentStart = _unsentEnd = 0;
    }

    // Closing at once, with input unread, would reset the connection and could lose the last frame on its way.
    private void Linger()
    {
        if (_state is State.Closed or State.Lingering)
            return;

        _state = State.Lingering;
        Deadline = Sys.Now() + LingerNanoseconds;
        _server.Loop.Watch(this);
        DropPartial();
        if (_unsent is null)
            _ = Libc.shutdown(_fd, Linux.SHUT_WR);
    }

    private void DropExec()
    {
        ExecSession? exec = _exec;
        _exec = null;
        if (_isOfBefore)
            exec?.Detach();
        else
            exec?.Abandon();
    }

    private void Close()
    {
        if (_state == State.Closed)
            return;

        _state = State.Closed;
        _server.Loop.Remove(ref _slot);
        _server.Loop.Unwatch(this);
        Sys.Close(ref _fd);
        DropPartial();
        DropUnsent();
        DropExec();
        _listener.OnClosed();
        _onClosed?.Invoke();
    }
}
