using Pyro.Protocol;

namespace Pyro.Agent.Serving;

/// <summary>The agent's process as what is shut down.</summary>
internal sealed class ProcessMachine(AgentServer server) : IMachine
{
    /// <inheritdoc/>
    public void SignalAll(int signal) => server.SignalCommands(signal);

    /// <inheritdoc/>
    public void Settle()
    {
    }

    /// <inheritdoc/>
    public void Resume(ResumeRequest request)
    {
    }

    /// <inheritdoc/>
    public void Stop(bool reboot) => server.Loop.Stopped = true;
}
