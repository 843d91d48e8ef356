using Pyro.Agent.Native;
using Pyro.Agent.Serving;
using Pyro.Protocol;

namespace Pyro.Agent.Init;

/// <summary>The guest as what is shut down and goes on from snapshots.</summary>
internal sealed class GuestMachine : IMachine
{
    /// <inheritdoc/>
    public void SignalAll(int signal) => _ = Libc.kill(-1, signal);

    /// <inheritdoc/>
    public void Settle()
    {
        Libc.sync();
        _ = Mounts.Mount(default, "/\0"u8, default, Linux.MS_REMOUNT | Linux.MS_RDONLY, default);
    }

    /// <inheritdoc/>
    public void Resume(ResumeRequest request)
    {
        Identity.AddEntropy(request.Entropy.Span);
        Identity.SetTime(request.UnixNanoseconds);
        if (request.MachineId.Length > 0)
            Identity.SetMachineId(request.MachineId);
        if (request.HostName.Length > 0)
            Identity.ChangeHostName(request.HostName);
    }

    /// <inheritdoc/>
    public void Stop(bool reboot) => _ = Libc.reboot(reboot ? Linux.RB_AUTOBOOT : Linux.RB_POWER_OFF);
}
