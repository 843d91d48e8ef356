using Pyro.Agent.Exec;
using Pyro.Agent.Loop;
using Pyro.Agent.Native;
using Pyro.Protocol;

namespace Pyro.Agent.Serving;

/// <summary>Knows the running commands and reaps processes. The same in a guest and in a test.</summary>
internal sealed class AgentServer : IEventTarget
{
    private readonly Reaper _reaper = new();
    private readonly Dictionary<int, ExecSession> _sessions = [];
    private readonly Action<int, int> _onExit;
    private readonly AgentReady _ready;
    private MachineShutdown? _shutdown;

    public AgentServer(EventLoop loop, AgentReady ready)
    {
        Loop = loop;
        Holds = new Holds(loop);
        _ready = ready;
        _onExit = OnExit;
        loop.Add(_reaper.News, Linux.EPOLLIN, this, 0);
    }

    public EventLoop Loop { get; }

    /// <summary>Who keeps all processes still.</summary>
    public Holds Holds { get; }

    /// <summary>Whether nothing new is to be started.</summary>
    public bool IsShuttingDown => _shutdown is not null;

    /// <summary>Whether there are children, of commands or left behind by them.</summary>
    public bool HasChildren => _reaper.HasChildren;

    /// <summary>How the agent is.</summary>
    public AgentInfo Describe() => new()
    {
        Ready = _ready,
        UptimeNanoseconds = Sys.Now(),
        RunningCommands = (uint)_sessions.Count,
    };

    /// <summary>A command runs.</summary>
    public void OnStarted(int processId, ExecSession session)
    {
        _sessions.Add(processId, session);
        _reaper.OnSpawned();
    }

    /// <summary>Ends all processes and then the machine.</summary>
    public void Shutdown(Connection connection, PowerOffRequest request, IMachine machine)
    {
        if (_shutdown is not null)
        {
            connection.Fail(FailureCode.ShuttingDown, "the machine is stopping already");
            return;
        }

        _shutdown = new MachineShutdown(this, connection, request, machine);
        _shutdown.Begin();
    }

    /// <summary>Sends a signal to every command; SIGKILL goes to all that they started.</summary>
    public void SignalCommands(int signal)
    {
        foreach (ExecSession session in _sessions.Values)
            session.Signal(signal);
    }

    /// <inheritdoc/>
    public void OnEvents(int source, uint events)
    {
        if (!_reaper.OnNews(_onExit))
            _shutdown?.OnNoChildren();
    }

    /// <inheritdoc/>
    public void OnFault(Exception exception) => Sys.Log(exception.Message);

    private void OnExit(int processId, int status)
    {
        if (!_sessions.Remove(processId, out ExecSession? session))
        {
            CgroupRoot.RemoveLeft();
            return;
        }

        try
        {
            session.OnExit(status);
        }
        catch (Exception e)
        {
            session.OnFault(e);
        }
    }
}
