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

    internal const int FALLOC_FL_KEEP_SIZE = 1;
    internal const int FALLOC_FL_PUNCH_HOLE = 2;
    internal const int FALLOC_FL_ZERO_RANGE = 16;
    internal const int LOCK_SH = 1;
    internal const int LOCK_EX = 2;
    internal const int LOCK_NB = 4;
    internal const int EINTR = 4;
    internal const int EWOULDBLOCK = 11;
    internal const int ENOSPC = 28;
    internal const int EOPNOTSUPP = 95;

    internal static int LastError => Marshal.GetLastPInvokeError();

    internal static long GetLength(SafeFileHandle handle) => lseek(handle, 0, 2);

    internal static SafeFileHandle? OpenUnnamed(string directory)
    {
        int descriptor = open(directory, 0x400000 | 0x10000 | 0x80000 | 2, 0x180);
        if (descriptor >= 0)
            return new SafeFileHandle(descriptor, true);
        return LastError is EOPNOTSUPP or 21 ? null : throw new LinuxException("open", directory, LastError);
    }

    internal static SafeFileHandle Duplicate(SafeFileHandle handle) => new(fcntl(handle, 1030, 0), true);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint preadv(SafeFileHandle handle, IoVector* vectors, int count, long offset);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint pwritev(SafeFileHandle handle, IoVector* vectors, int count, long offset);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int fdatasync(SafeFileHandle handle);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int fallocate(SafeFileHandle handle, int mode, long offset, long length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int ftruncate(SafeFileHandle handle, long length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int flock(SafeFileHandle handle, int operation);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint getrandom(void* buffer, nuint length, uint flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial long lseek(SafeFileHandle handle, long offset, int whence);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(SafeFileHandle handle, int command, int argument);

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
