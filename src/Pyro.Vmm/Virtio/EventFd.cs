using Microsoft.Win32.SafeHandles;
using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Virtio;

/// <summary>An eventfd(2): a doorbell between threads, and between KVM and threads.</summary>
public sealed class EventFd : IDisposable
{
    /// <summary>Makes one that is silent.</summary>
    /// <exception cref="LinuxException">The host has no descriptor left.</exception>
    public EventFd() => Handle = Libc.CreateEventFd();

    /// <summary>For ioeventfd, irqfd and poll.</summary>
    public SafeFileHandle Handle { get; }

    /// <summary>Rings. Never blocks.</summary>
    public void Signal() => Libc.WriteEventFd(Handle);

    /// <summary>Makes it silent again, if it rang.</summary>
    public void Drain() => Libc.ReadEventFd(Handle);

    /// <inheritdoc/>
    public void Dispose() => Handle.Dispose();
}
