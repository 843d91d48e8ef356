using System.Runtime.InteropServices;

namespace Pyro.Interop;

/// <summary>The C library, where .NET has no way of its own. Names and numbers are those of x86-64 Linux with glibc.</summary>
internal static unsafe partial class Libc
{
    internal const int ENOENT = 2;
    internal const int EINTR = 4;
    internal const int ENXIO = 6;
    internal const int ENOMEM = 12;
    internal const int EACCES = 13;
    internal const int ENODEV = 19;
    internal const int ENOTDIR = 20;
    internal const int ENOEXEC = 8;
    internal const int EPERM = 1;
    internal const int EPIPE = 32;
    internal const int EOPNOTSUPP = 95;
    internal const int EISDIR = 21;
    internal const int EWOULDBLOCK = 11;

    internal const int O_RDONLY = 0;
    internal const int O_RDWR = 2;
    internal const int O_CREAT = 0x40;
    internal const int O_EXCL = 0x80;
    internal const int O_CLOEXEC = 0x80000;
    internal const int O_NOFOLLOW = 0x20000;
    internal const int O_TMPFILE = 0x410000;

    internal const int R_OK = 4;
    internal const int W_OK = 2;
    internal const int X_OK = 1;

    internal const int LOCK_EX = 2;
    internal const int LOCK_NB = 4;

    internal const int RLIMIT_NOFILE = 7;
    internal const int RLIMIT_AS = 9;

    internal const int SIGHUP = 1;
    internal const int SIGINT = 2;
    internal const int SIGQUIT = 3;
    internal const int SIGKILL = 9;
    internal const int SIGTERM = 15;

    [LibraryImport("libc")]
    internal static partial uint geteuid();

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int access(string path, int mode);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int open(string path, int flags, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int close(int fd);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint getrandom(byte* buffer, nuint length, uint flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int flock(int fd, int operation);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint read(int fd, void* buffer, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint write(int fd, void* buffer, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int kill(int pid, int signal);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int waitpid(int pid, int* status, int options);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int pipe2(int* fds, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fstat(int fd, void* buffer);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int lstat(string path, void* buffer);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int poll(PollEntry* entries, nuint count, int timeout);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int stat(string path, void* buffer);

    [LibraryImport("libc")]
    private static partial nint sysconf(int name);

    /// <summary>The host's memory.</summary>
    internal static long MemoryBytes => sysconf(85 /* _SC_PHYS_PAGES */) * Environment.SystemPageSize;

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getrlimit(int resource, ulong* limits);

    /// <summary>A limit of this process; all ones for none.</summary>
    internal static (ulong Soft, ulong Hard) LimitOf(int resource)
    {
        ulong* limits = stackalloc ulong[2];
        // SAFETY: struct rlimit is two words.
        return getrlimit(resource, limits) == 0 ? (limits[0], limits[1]) : (ulong.MaxValue, ulong.MaxValue);
    }

    /// <summary>Waits until a descriptor that somebody else made non-blocking takes bytes again.</summary>
    internal static void WaitWritable(int fd)
    {
        var entry = new PollEntry { Descriptor = fd, Events = 4 };
        _ = poll(&entry, 1, -1);
    }

    private struct PollEntry
    {
        internal int Descriptor;
        internal short Events;
        internal short Returned;
    }

    /// <summary>The user that owns a path, links not followed; <see cref="uint.MaxValue"/> if it is not there.</summary>
    internal static uint OwnerOf(string path)
    {
        ulong* stat = stackalloc ulong[StatWords];
        // SAFETY: StatWords covers struct stat, and st_uid is the second half of its fourth word.
        return lstat(path, stat) == 0 ? (uint)(stat[3] >> 32) : uint.MaxValue;
    }

    /// <summary>How many names an open file has; 0 once it was deleted.</summary>
    internal static ulong LinksOf(int fd)
    {
        ulong* stat = stackalloc ulong[StatWords];
        // SAFETY: as above; st_nlink is the third word.
        return fstat(fd, stat) == 0 ? stat[2] : 0;
    }

    /// <summary>Fills at most 256 bytes, which the kernel gives whole, from its generator. The base library's classes would load OpenSSL first.</summary>
    internal static void FillRandom(Span<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Length, 256);
        // SAFETY: the kernel writes as many bytes as it is told.
        fixed (byte* first = bytes)
        {
            if (getrandom(first, (nuint)bytes.Length, 0) != bytes.Length)
                throw new InvalidOperationException($"getrandom: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    /// <summary>A file's inode, size in bytes and time of change in nanoseconds, links followed; zeros if it is not there.</summary>
    internal static (ulong Inode, ulong Size, ulong Modified) IdentityOf(string path)
    {
        ulong* stat = stackalloc ulong[StatWords];
        // SAFETY: as above; st_ino, st_size and st_mtim are the words 1, 6 and 11 with 12.
        return Libc.stat(path, stat) == 0 ? (stat[1], stat[6], (stat[11] * 1_000_000_000) + stat[12]) : default;
    }

    // struct stat is 144 bytes on x86-64.
    private const int StatWords = 18;
}
