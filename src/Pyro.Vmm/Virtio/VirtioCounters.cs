namespace Pyro.Vmm.Virtio;

/// <summary>How often a device's driver woke it, and how often it interrupted. Any thread may read; numbers may be a moment old.</summary>
public sealed class VirtioCounters
{
    private long _notifications;
    private long _interrupts;

    /// <summary>Wake-ups of the device's thread by its driver.</summary>
    public long Notifications => Volatile.Read(ref _notifications);

    /// <summary>Interrupts of the guest.</summary>
    public long Interrupts => Volatile.Read(ref _interrupts);

    /// <summary>Called by the device's thread alone.</summary>
    internal void CountNotification() => Volatile.Write(ref _notifications, _notifications + 1);

    /// <summary>Called by any thread.</summary>
    internal void CountInterrupt() => Interlocked.Increment(ref _interrupts);
}
