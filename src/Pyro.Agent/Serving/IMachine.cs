namespace Pyro.Agent.Serving;

/// <summary>What is shut down: the guest, or in a test the agent's process.</summary>
internal interface IMachine
{
    /// <summary>Sends a signal to every process but the agent.</summary>
    void SignalAll(int signal);

    /// <summary>Brings everything to disk, and lets nothing be written after it.</summary>
    void Settle();

    /// <summary>Ends it.</summary>
    void Stop(bool reboot);
}
