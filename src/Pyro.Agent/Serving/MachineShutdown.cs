using Pyro.Agent.Loop;
using Pyro.Agent.Native;
using Pyro.Protocol;

namespace Pyro.Agent.Serving;

/// <summary>The steps of a shutdown: ask processes to end, kill them, settle the disks, answer, stop.</summary>
internal sealed class MachineShutdown(AgentServer server, Connection connection, PowerOffRequest request, IMachine machine) : IEventTarget
{
    private const uint MaxGraceMilliseconds = 60_000;
    private const ulong KillNanoseconds = 1_000_000_000;
    private const ulong AnswerNanoseconds = 500_000_000;
    private Step _step = Step.Terminating;

    private enum Step
    {
        Terminating,
        Killing,
        Answering,
    }

    /// <inheritdoc/>
    public ulong Deadline { get; private set; } = ulong.MaxValue;

    public void Begin()
    {
        server.Loop.Watch(this);
        if (!server.HasChildren)
        {
            Settle();
            return;
        }

        Deadline = Sys.Now() + (Math.Min(request.GraceMilliseconds, MaxGraceMilliseconds) * 1_000_000UL);
        machine.SignalAll(Linux.SIGTERM);
    }

    /// <summary>The last process is gone.</summary>
    public void OnNoChildren()
    {
        if (_step != Step.Answering)
            Settle();
    }

    /// <inheritdoc/>
    public void OnDeadline()
    {
        switch (_step)
        {
            case Step.Terminating:
                _step = Step.Killing;
                Deadline = Sys.Now() + KillNanoseconds;
                machine.SignalAll(Linux.SIGKILL);
                break;
            case Step.Killing:
                Settle();
                break;
            default:
                machine.Stop(request.Reboot);
                break;
        }
    }

    /// <inheritdoc/>
    public void OnFault(Exception exception)
    {
        Sys.Log(exception.Message);
        machine.Stop(request.Reboot);
    }

    private void Settle()
    {
        _step = Step.Answering;
        machine.Settle();
        // The answer must be out before the power goes; the host shows that it has it by closing.
        Deadline = Sys.Now() + AnswerNanoseconds;
        connection.Done();
        connection.WhenClosed(() => machine.Stop(request.Reboot));
    }
}
