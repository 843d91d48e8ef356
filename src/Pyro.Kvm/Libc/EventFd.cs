using System.Runtime.InteropServices;
using Pyro.Kvm.Native;

namespace Pyro.Kvm;

/// <summary>An <c>eventfd</c>: a counter that can be waited for, and what KVM takes for irqfd and ioeventfd.</summary>
public sealed unsafe class EventFd : FileDescriptor
{
    /// <summary>Creates an eventfd that is closed on exec.</summary>
    /// <param name="flags"><c>EFD_NONBLOCK</c> or <c>EFD_SEMAPHORE</c>, if wanted.</param>
    /// <exception cref="LinuxException">The process is out of descriptors or memory.</exception>
    public EventFd(int flags = Uapi.EFD_NONBLOCK)
        : base(Libc.eventfd(0, flags | Uapi.EFD_CLOEXEC))
    {
        if (IsInvalid)
        {
            throw LinuxException.Last("eventfd");
        }
    }

    /// <summary>Adds <paramref name="value"/> to the counter and wakes who waits.</summary>
    /// <exception cref="LinuxException">The write failed, but not for a full counter: that is signalled as it is.</exception>
    public void Signal(ulong value = 1)
    {
        // SAFETY: value is a local; the kernel reads its eight bytes.
        if (Libc.write(this, &value, sizeof(ulong)) < 0 && !IsFullOrEmpty())
        {
            throw LinuxException.Last("write", "eventfd");
        }
    }

    /// <summary>Takes the counter and resets it. With <c>EFD_NONBLOCK</c> false means that it was 0, otherwise this waits.</summary>
    /// <exception cref="LinuxException">The read failed.</exception>
    public bool TryTake(out ulong value)
    {
        ulong taken = 0;
        nint result;
        do
        {
            // SAFETY: taken is a local of the eight bytes that the kernel writes.
            result = Libc.read(this, &taken, sizeof(ulong));
        }
        while (result < 0 && Marshal.GetLastPInvokeError() == Uapi.EINTR);
        value = taken;
        if (result < 0 && !IsFullOrEmpty())
        {
            throw LinuxException.Last("read", "eventfd");
        }
        return result > 0;
    }

    private static bool IsFullOrEmpty() => Marshal.GetLastPInvokeError() == Uapi.EAGAIN;
}
