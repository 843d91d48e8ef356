using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Pyro.Vmm.Memory;

/// <summary>Stands in until Pyro.Kvm/Libc is there.</summary>
internal static unsafe partial class Libc
{
    internal const int MADV_HUGEPAGE = 14;
    internal const int MADV_DONTDUMP = 16;

    internal static nint MapAnonymous(nuint length, string what)
    {
        nint host = mmap(0, length, 3, 0x2 | 0x20 | 0x4000, -1, 0);
        return host == -1 ? throw new LinuxException("mmap", what, Marshal.GetLastPInvokeError()) : host;
    }

    internal static void Advise(nint host, nuint length, int advice) => _ = madvise(host, length, advice);

    internal static void Unmap(nint host, nuint length) => _ = munmap(host, length);

    internal static SafeFileHandle CreateEventFd()
    {
        int descriptor = eventfd(0, 0x800 | 0x80000);
        return descriptor >= 0 ? new SafeFileHandle(descriptor, true) : throw new LinuxException("eventfd", "a new eventfd", Marshal.GetLastPInvokeError());
    }

    internal static void WriteEventFd(SafeFileHandle handle)
    {
        ulong one = 1;
        _ = write(handle, &one, 8);
    }

    internal static void ReadEventFd(SafeFileHandle handle)
    {
        ulong count;
        _ = read(handle, &count, 8);
    }

    internal static void Poll(PollDescriptor[] descriptors)
    {
        fixed (PollDescriptor* first = descriptors)
        {
            while (poll(first, (nuint)descriptors.Length, -1) < 0)
            {
                if (Marshal.GetLastPInvokeError() != 4)
                    throw new LinuxException("poll", "notifiers", Marshal.GetLastPInvokeError());
            }
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int eventfd(uint initial, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(SafeFileHandle handle, void* data, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint read(SafeFileHandle handle, void* data, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int poll(PollDescriptor* descriptors, nuint count, int timeout);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint mmap(nint address, nuint length, int protection, int flags, int descriptor, long offset);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int munmap(nint address, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int madvise(nint address, nuint length, int advice);
}

/// <summary>Stands in until Pyro.Kvm/Libc is there.</summary>
public sealed class LinuxException(string call, string subject, int errno)
    : Exception($"{call} on {subject} failed: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})")
{
    /// <summary>The error number.</summary>
    public int Errno { get; } = errno;
}
