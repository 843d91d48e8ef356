using Pyro.Protocol;

namespace Pyro.Agent.Serving;

/// <summary>What is shut down, and goes on from snapshots: the guest, or in a test the agent's process.</summary>
internal interface IMachine
{
    /// <summary>Sends a signal to every process but the agent.</summary>
    void SignalAll(int signal);

    /// <summary>Brings everything to disk, and lets nothing be written after it.</summary>
    void Settle();

    /// <summary>Makes it a machine of its own after it went on from a snapshot.</summary>
    /// <exception cref="Native.LinuxException">A part of it could not be done: the machine is not to be used.</exception>
    void Resume(ResumeRequest request);

    /// <summary>Ends it.</summary>
    void Stop(bool reboot);
}
