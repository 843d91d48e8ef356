using Pyro.Kvm;
using Pyro.Kvm.Native;

namespace Pyro.Bench;

/// <summary>Waits on a descriptor.</summary>
internal static unsafe class Waiting
{
    /// <summary>Whether it became readable in time; with no limit it does.</summary>
    internal static bool WaitReadable(this FileDescriptor descriptor, int milliseconds = -1)
    {
        var poll = new pollfd { fd = descriptor.Number, events = (short)Uapi.POLLIN };
        // SAFETY: the kernel reads and writes one structure, which lives in this frame.
        return Libc.poll(&poll, 1, milliseconds) > 0;
    }
}
