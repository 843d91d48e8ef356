using System.Runtime.InteropServices;
using Pyro.Kvm.Native;

namespace Pyro.Kvm;

// Opening, reading and changing files.
public static unsafe partial class Libc
{
    /// <summary><c>open(2)</c>: a descriptor, or -1.</summary>
    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int open(string path, int flags, uint mode = 0);

    /// <summary><c>openat(2)</c>: a descriptor, or -1.</summary>
    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int openat(SafeHandle directory, string path, int flags, uint mode = 0);

    /// <summary><c>close(2)</c>.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int close(int fd);

    /// <summary><c>dup(2)</c>; use <c>fcntl</c> with <c>F_DUPFD_CLOEXEC</c> unless a child is to have it.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int dup(SafeHandle fd);

    /// <summary><c>fcntl(2)</c> with a number.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int fcntl(SafeHandle fd, int command, nint argument = 0);

    /// <summary><c>read(2)</c>: bytes read, 0 at the end, or -1.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial nint read(SafeHandle fd, void* buffer, nuint count);

    /// <summary><c>write(2)</c>: bytes written, or -1.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial nint write(SafeHandle fd, void* buffer, nuint count);

    /// <summary><c>pread(2)</c>.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial nint pread(SafeHandle fd, void* buffer, nuint count, long offset);

    /// <summary><c>pwrite(2)</c>.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial nint pwrite(SafeHandle fd, void* buffer, nuint count, long offset);

    /// <summary><c>readv(2)</c>.</summary>
    /// <param name="vectors">A <see cref="iovec"/>.</param>
    [LibraryImport(Library, SetLastError = true)]
    public static partial nint readv(SafeHandle fd, void* vectors, int count);

    /// <summary><c>writev(2)</c>.</summary>
    /// <param name="vectors">A <see cref="iovec"/>.</param>
    [LibraryImport(Library, SetLastError = true)]
    public static partial nint writev(SafeHandle fd, void* vectors, int count);

    /// <summary><c>preadv(2)</c>.</summary>
    /// <param name="vectors">A <see cref="iovec"/>.</param>
    [LibraryImport(Library, SetLastError = true)]
    public static partial nint preadv(SafeHandle fd, void* vectors, int count, long offset);

    /// <summary><c>pwritev(2)</c>.</summary>
    /// <param name="vectors">A <see cref="iovec"/>.</param>
    [LibraryImport(Library, SetLastError = true)]
    public static partial nint pwritev(SafeHandle fd, void* vectors, int count, long offset);

    /// <summary><c>lseek(2)</c>, also <c>SEEK_DATA</c> and <c>SEEK_HOLE</c>.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial long lseek(SafeHandle fd, long offset, int whence);

    /// <summary><c>fallocate(2)</c>.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int fallocate(SafeHandle fd, int mode, long offset, long length);

    /// <summary><c>ftruncate(2)</c>.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int ftruncate(SafeHandle fd, long length);

    /// <summary><c>fsync(2)</c>.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int fsync(SafeHandle fd);

    /// <summary><c>fdatasync(2)</c>.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int fdatasync(SafeHandle fd);

    /// <summary><c>fstat(2)</c>.</summary>
    /// <param name="status">A <see cref="stat"/>.</param>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int fstat(SafeHandle fd, void* status);

    /// <summary><c>fstatat(2)</c>.</summary>
    /// <param name="status">A <see cref="stat"/>.</param>
    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int fstatat(int directory, string path, void* status, int flags);

    /// <summary><c>access(2)</c>.</summary>
    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int access(string path, int mode);

    /// <summary><c>renameat2(2)</c>.</summary>
    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int renameat2(int oldDirectory, string oldPath, int newDirectory, string newPath, uint flags);

    /// <summary><c>pipe2(2)</c>: two descriptors, the one to read from first.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int pipe2(int* pair, int flags);

    /// <summary><c>flock(2)</c>.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int flock(SafeHandle fd, int operation);

    /// <summary><c>fchmod(2)</c>.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int fchmod(SafeHandle fd, uint mode);

    /// <summary><c>linkat(2)</c>; gives a name to an <c>O_TMPFILE</c> by its path in /proc/self/fd.</summary>
    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int linkat(int oldDirectory, string oldPath, int newDirectory, string newPath, int flags);

    /// <summary><c>memfd_create(2)</c>: a descriptor, or -1.</summary>
    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int memfd_create(string name, uint flags);

    /// <summary><c>copy_file_range(2)</c>.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial nint copy_file_range(SafeHandle from, long* fromOffset, SafeHandle to, long* toOffset, nuint length, uint flags);
}
