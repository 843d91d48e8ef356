using Pyro.Agent.Loop;
using Pyro.Agent.Native;
using Pyro.Agent.Serving;
using Pyro.Protocol;

namespace Pyro.Agent.Exec;

/// <summary>
/// One running command between its pipes and its connection. It reads output only when the connection has sent what it
/// was given before, so that a slow host stops the command and not the agent.
/// </summary>
internal sealed class ExecSession : IEventTarget
{
    private const int StdinSource = 0;
    private const int StdoutSource = 1;
    private const int StderrSource = 2;
    private const int CreditStep = InputQueue.Window / 4;
    private const int FramesInOneTurn = 16;
    private const ulong QuietNanoseconds = 100_000_000;
    private const ulong DrainNanoseconds = 1_000_000_000;

    // The frame being made; shared, because it is sent or copied before anything else happens on this thread.
    private static readonly byte[] s_frame = new byte[BufferPool.Size];

    private readonly AgentServer _server;
    private readonly ProcessTree _tree;
    private readonly bool _terminal;
    private readonly InputQueue _input = new();
    private Connection? _connection;
    private OutputSource _stdout;
    private OutputSource _stderr;
    private bool _stderrNext;
    private int _stdin;
    private int _stdinSlot = -1;
    private bool _stdinEof;
    private int _allowance;
    private int _creditDue;
    private ulong _timeLimit = ulong.MaxValue;
    private bool _timedOut;
    private bool _detached;
    private bool _exited;
    private ExitedMessage _exit;
    private ulong _quietAt;
    private ulong _drainedBy;

    /// <summary>Takes over a command that was started, with the agent's ends of its standard streams.</summary>
    /// <param name="server">Where it is registered until it has ended.</param>
    /// <param name="connection">Whom to tell.</param>
    /// <param name="tree">Its processes.</param>
    /// <param name="stdin">The end to write, or -1.</param>
    /// <param name="stdout">The end to read; with a terminal the same as <paramref name="stdin"/>.</param>
    /// <param name="stderr">The end to read, or -1 with a terminal.</param>
    /// <param name="timeoutMilliseconds">The time limit, or 0.</param>
    public ExecSession(AgentServer server, Connection connection, ProcessTree tree, int stdin, int stdout, int stderr, uint timeoutMilliseconds)
    {
        _server = server;
        _connection = connection;
        _tree = tree;
        _stdin = stdin;
        _terminal = stdin == stdout;
        _stdout = new OutputSource(stdout, FrameType.Stdout);
        _stderr = new OutputSource(stderr, FrameType.Stderr);
        if (timeoutMilliseconds != 0)
            _timeLimit = Sys.Now() + (timeoutMilliseconds * 1_000_000UL);
    }

    /// <inheritdoc/>
    public ulong Deadline
    {
        get
        {
            if (!_exited)
                return _timeLimit;
            return _connection is { CanSend: true } ? Math.Min(_quietAt, _drainedBy) : ulong.MaxValue;
        }
    }

    /// <summary>Tells that the command runs and begins to carry its streams.</summary>
    public void Begin()
    {
        EventLoop loop = _server.Loop;
        loop.Watch(this);
        _connection!.Send(Frame.Encode(new StartedMessage((uint)_tree.RootProcess)));
        if (_terminal)
        {
            _stdout.Slot = loop.Add(_stdout.Fd, Linux.EPOLLIN | Linux.EPOLLOUT, this, StdoutSource);
        }
        else
        {
            _stdout.Slot = loop.Add(_stdout.Fd, Linux.EPOLLIN, this, StdoutSource);
            _stderr.Slot = loop.Add(_stderr.Fd, Linux.EPOLLIN, this, StderrSource);
            if (_stdin >= 0)
                _stdinSlot = loop.Add(_stdin, Linux.EPOLLOUT, this, StdinSource);
        }

        if (_stdin >= 0)
            _creditDue = InputQueue.Window;
        Pump();
    }

    /// <inheritdoc/>
    public void OnEvents(int source, uint events)
    {
        if (source == StdoutSource)
            _stdout.Ready = true;
        else if (source == StderrSource)
            _stderr.Ready = true;
        if (source == StdinSource || (_terminal && (events & Linux.EPOLLOUT) != 0))
            FlushStdin();
        Pump();
    }

    /// <inheritdoc/>
    public void OnAgain() => Pump();

    /// <inheritdoc/>
    public void OnDeadline()
    {
        if (_exited)
        {
            Pump();
            return;
        }

        _timeLimit = ulong.MaxValue;
        _timedOut = true;
        _tree.Kill();
    }

    /// <inheritdoc/>
    public void OnFault(Exception exception)
    {
        Connection? connection = _connection;
        Abandon();
        connection?.Fail(FailureCode.InternalError, exception.Message);
    }

    /// <summary>A frame from the host.</summary>
    /// <exception cref="ProtocolException">It makes no sense.</exception>
    public void OnFrame(FrameType type, ReadOnlySpan<byte> payload)
    {
        switch (type)
        {
            case FrameType.Stdin:
                OnStdin(payload);
                break;
            case FrameType.StdinEof:
                OnStdinEof();
                break;
            case FrameType.Signal:
                SignalGroup(Frame.Decode<SignalMessage>(payload).Number);
                break;
            case FrameType.Resize:
                if (_terminal && !_stdout.Ended)
                    PseudoTerminal.Resize(_stdout.Fd, Frame.Decode<ResizeMessage>(payload).Size);
                break;
        }
    }

    /// <summary>Sends a signal to the command; SIGKILL goes to all that it started.</summary>
    public void Signal(int number)
    {
        if (number == Linux.SIGKILL)
            _tree.Kill();
        else
            _ = Libc.kill(-_tree.RootProcess, number);
    }

    /// <summary>The connection has sent what it was given.</summary>
    public void OnSent() => Pump();

    /// <summary>The host is gone, or nobody is left to tell: the command and all it started are killed.</summary>
    public void Abandon()
    {
        _connection = null;
        CloseStreams();
        if (_exited)
        {
            Release();
            return;
        }

        _timeLimit = ulong.MaxValue;
        _tree.Kill();
    }

    /// <summary>
    /// This machine is a copy, and whoever asked for the command talks to the one that was copied: here the command goes on
    /// for itself, its output is read and dropped, and its input stays open and silent.
    /// </summary>
    public void Detach()
    {
        if (_exited)
        {
            Abandon();
            return;
        }

        _connection = null;
        _detached = true;
        Pump();
    }

    /// <summary>The command's process ended and was reaped.</summary>
    /// <param name="status">As wait tells it.</param>
    public void OnExit(int status)
    {
        int signal = status & 0x7f;
        _exit = new ExitedMessage(signal == 0 ? (status >> 8) & 0xff : 0, signal, _timedOut);
        _exited = true;
        if (_connection is null)
        {
            CloseStreams();
            Release();
            return;
        }

        ulong now = Sys.Now();
        _quietAt = now + QuietNanoseconds;
        _drainedBy = now + DrainNanoseconds;
        _stdout.Ready = true;
        _stderr.Ready = true;
        _stdout.Owed = _stdout.Ended ? 0 : Pipe.Available(_stdout.Fd);
        _stderr.Owed = _stderr.Ended ? 0 : Pipe.Available(_stderr.Fd);
        Pump();
    }

    private void Pump()
    {
        int budget = FramesInOneTurn;
        while (_detached && !_exited && (Drop(ref _stdout) | Drop(ref _stderr)))
        {
            if (budget-- == 0)
            {
                _server.Loop.Again(this);
                return;
            }
        }

        while (_connection is { CanSend: true } connection)
        {
            if (_creditDue >= CreditStep)
            {
                _allowance += _creditDue;
                connection.Send(Frame.Encode(new StdinCreditMessage((uint)_creditDue)));
                _creditDue = 0;
                continue;
            }

            if (budget-- == 0)
            {
                _server.Loop.Again(this);
                return;
            }

            if (_exited && _stdout.Owed <= 0 && _stderr.Owed <= 0 && Sys.Now() >= _drainedBy)
            {
                Finish(connection);
                return;
            }

            _stderrNext = !_stderrNext;
            if (_stderrNext ? Relay(ref _stderr) || Relay(ref _stdout) : Relay(ref _stdout) || Relay(ref _stderr))
                continue;

            if (_exited && IsDrained())
                Finish(connection);
            return;
        }
    }

    private bool Relay(ref OutputSource source)
    {
        if (source.Ended || !source.Ready)
            return false;

        int count = source.Read(s_frame.AsSpan(Wire.HeaderSize));
        if (count < 0)
        {
            source.Owed = 0;
            CloseSource(ref source);
        }

        if (count <= 0)
            return false;

        new FrameHeader(source.Type, count).Write(s_frame);
        if (_exited)
            _quietAt = Sys.Now() + QuietNanoseconds;
        _connection!.Send(s_frame.AsSpan(0, Wire.HeaderSize + count));
        return true;
    }

    private bool Drop(ref OutputSource source)
    {
        if (source.Ended || !source.Ready)
            return false;

        int count = source.Read(s_frame);
        if (count < 0)
            CloseSource(ref source);
        return count > 0;
    }

    // A process that the command left behind may hold the pipes for ever: what was there when the command ended is told,
    // and what comes soon after, and then it is over.
    private bool IsDrained()
    {
        if (_stdout.Ended && _stderr.Ended)
            return true;

        // Nothing is ready here, so nothing is owed: what the kernel counted (a terminal's count is a guess) was told.
        _stdout.Owed = 0;
        _stderr.Owed = 0;
        return Sys.Now() >= Math.Min(_quietAt, _drainedBy);
    }

    private void Finish(Connection connection)
    {
        _connection = null;
        connection.Send(Frame.Encode(_exit));
        connection.EndExec();
        CloseStreams();
        Release();
    }

    private void Release()
    {
        _server.Loop.Unwatch(this);
        _tree.Dispose();
    }

    private void OnStdin(ReadOnlySpan<byte> data)
    {
        if (data.Length > _allowance)
            throw new ProtocolException("more standard input was sent than credit was granted for");

        _allowance -= data.Length;
        if (_stdin < 0 || _stdinEof)
        {
            _creditDue += data.Length;
        }
        else
        {
            int waiting = _input.Count;
            int written = _input.Write(_stdin, data);
            if (written < 0)
            {
                _creditDue += waiting + data.Length;
                CloseStdin();
            }
            else
            {
                _creditDue += written;
            }
        }

        Pump();
    }

    private void OnStdinEof()
    {
        if (_stdin < 0 || _stdinEof)
            return;

        _stdinEof = true;
        if (_terminal)
            _ = _input.Write(_stdin, [4]);
        else if (_input.Count == 0)
            CloseStdin();
    }

    private void FlushStdin()
    {
        if (_stdin < 0)
            return;

        int waiting = _input.Count;
        int written = _input.Flush(_stdin);
        if (written < 0)
        {
            _creditDue += waiting;
            CloseStdin();
            return;
        }

        _creditDue += written;
        if (_stdinEof && !_terminal && _input.Count == 0)
            CloseStdin();
    }

    private void SignalGroup(int number)
    {
        if (_exited)
            return;

        int group = _tree.RootProcess;
        if (_terminal && !_stdout.Ended && number is Linux.SIGINT or Linux.SIGQUIT or Linux.SIGTSTP or Linux.SIGWINCH)
        {
            int foreground = PseudoTerminal.ForegroundGroup(_stdout.Fd);
            group = foreground > 1 ? foreground : group;
        }

        _ = Libc.kill(-group, number);
    }

    private void CloseStdin()
    {
        _input.Clear();
        _server.Loop.Remove(ref _stdinSlot);
        if (_terminal)
            _stdin = -1;
        else
            Sys.Close(ref _stdin);
    }

    private void CloseStreams()
    {
        CloseStdin();
        CloseSource(ref _stdout);
        CloseSource(ref _stderr);
    }

    private void CloseSource(ref OutputSource source)
    {
        if (_terminal)
        {
            _input.Clear();
            _stdin = -1;
        }

        _server.Loop.Remove(ref source.Slot);
        Sys.Close(ref source.Fd);
    }
}
