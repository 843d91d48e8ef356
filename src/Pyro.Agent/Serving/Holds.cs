using Pyro.Agent.Exec;
using Pyro.Agent.Loop;
using Pyro.Agent.Native;
using Pyro.Protocol;

namespace Pyro.Agent.Serving;

/// <summary>
/// Keeps all processes still while the machine is being copied. How a hold's connection ends tells the agent which
/// machine it is in: an end of stream means the one that was copied, where the processes go on; a reset, which a restored
/// transport gives every connection, means the copy, where none may run until <see cref="OnResumed"/>.
/// </summary>
internal sealed class Holds(EventLoop loop) : IEventTarget
{
    private const uint MaxMilliseconds = 60_000;
    private const ulong PollNanoseconds = 1_000_000;

    private readonly List<Hold> _holds = [];
    private readonly Queue<(Connection Connection, ExecRequest Request)> _waiting = new();
    private bool _isFrozen;
    private bool _isCopy;

    /// <inheritdoc/>
    public ulong Deadline { get; private set; } = ulong.MaxValue;

    /// <summary>Stops all processes, and answers when they stand still.</summary>
    public void Begin(Connection connection, HoldRequest request)
    {
        if (_isCopy)
        {
            RefuseAsCopy(connection);
            return;
        }

        if (!CgroupRoot.Available)
        {
            connection.Fail(FailureCode.HoldFailed, "the guest has no cgroups by which processes can be stopped");
            return;
        }

        var hold = new Hold(connection, Sys.Now() + (Math.Min(request.TimeoutMilliseconds, MaxMilliseconds) * 1_000_000UL), request.TimeoutMilliseconds);
        _holds.Add(hold);
        connection.WhenClosed(() => OnClosed(hold));
        if (!_isFrozen)
        {
            _isFrozen = true;
            loop.Watch(this);
            Freezer.Freeze();
        }

        Look();
    }

    /// <summary>
    /// Starts a command, at once or when all processes go on. In a copy that is no machine of its own it is refused: it
    /// would draw the random numbers that its siblings draw, and who asks has left out a step.
    /// </summary>
    public void Start(AgentServer server, Connection connection, ExecRequest request)
    {
        if (_isCopy)
            RefuseAsCopy(connection);
        else if (_isFrozen)
            _waiting.Enqueue((connection, request));
        else
            ExecStarter.Start(server, connection, request);
    }

    /// <summary>This is a machine of its own now: nothing is held in it, whoever held what it was copied from.</summary>
    public void OnResumed(AgentServer server)
    {
        _isCopy = false;
        _holds.Clear();
        Release(server);
    }

    /// <inheritdoc/>
    public void OnDeadline() => Look();

    /// <inheritdoc/>
    public void OnFault(Exception exception) => Sys.Log(exception.Message);

    // The state of a group is looked at again and again, because processes may be in groups that are not known yet.
    private void Look()
    {
        Deadline = ulong.MaxValue;
        Hold[] unanswered = [.. _holds.Where(h => !h.IsAnswered)];
        if (unanswered.Length == 0)
            return;

        bool frozen = Freezer.IsFrozen();
        ulong now = Sys.Now();
        foreach (Hold hold in unanswered)
        {
            if (frozen)
            {
                hold.IsAnswered = true;
                hold.Connection.TellHeld();
            }
            else if (hold.Deadline <= now)
            {
                hold.Connection.Fail(FailureCode.HoldFailed, $"not all processes of the guest stopped within {hold.Milliseconds} ms; {Freezer.DescribeBusy()}");
                End(hold);
            }
        }

        if (!frozen && _holds.Count > 0)
            Deadline = now + PollNanoseconds;
    }

    private void OnClosed(Hold hold)
    {
        if (!_holds.Contains(hold))
            return;

        // In doubt a copy: rather a machine that stands still than two that draw the same random numbers.
        if (hold.Connection.WasReset)
        {
            _isCopy = true;
            while (_waiting.TryDequeue(out (Connection Connection, ExecRequest Request) waiting))
                RefuseAsCopy(waiting.Connection);
        }

        End(hold);
    }

    private void End(Hold hold)
    {
        _holds.Remove(hold);
        if (_holds.Count == 0 && !_isCopy)
            Release(hold.Connection.Server);
    }

    private void Release(AgentServer server)
    {
        if (!_isFrozen)
            return;

        _isFrozen = false;
        Deadline = ulong.MaxValue;
        loop.Unwatch(this);
        Freezer.Thaw();
        while (!_isFrozen && _waiting.TryDequeue(out (Connection Connection, ExecRequest Request) waiting))
        {
            if (waiting.Connection.IsOpen)
                Start(server, waiting.Connection, waiting.Request);
        }
    }

    private static void RefuseAsCopy(Connection connection) =>
        connection.Fail(FailureCode.NotResumed, "the guest is a copy of another machine and not yet one of its own: a resume request comes first");

    private sealed class Hold(Connection connection, ulong deadline, uint milliseconds)
    {
        public Connection Connection { get; } = connection;

        public ulong Deadline { get; } = deadline;

        public uint Milliseconds { get; } = milliseconds;

        public bool IsAnswered { get; set; }
    }
}
