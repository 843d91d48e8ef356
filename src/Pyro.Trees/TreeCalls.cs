using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Pyro.Protocol;
using Pyro.Trees.Native;

namespace Pyro.Trees;

/// <summary>
/// System calls on files named by a directory's descriptor and bytes that end in NUL. Each returns what the kernel does,
/// a failure as the negated errno: nothing is allocated, and callers tell the failures apart.
/// </summary>
public static unsafe class TreeCalls
{
#pragma warning disable CS1591 // The kernel's own names say what they are.
    public const int O_RDONLY = 0;
    public const int O_WRONLY = 1;
    public const int O_RDWR = 2;
    public const int O_CREAT = 0x40;
    public const int O_EXCL = 0x80;
    public const int O_NOCTTY = 0x100;
    public const int O_TRUNC = 0x200;
    public const int O_APPEND = 0x400;
    public const int O_NONBLOCK = 0x800;
    public const int O_DIRECTORY = 0x10000;
    public const int O_NOFOLLOW = 0x20000;
    public const int O_CLOEXEC = 0x80000;
    public const int O_PATH = 0x200000;
    public const int AT_FDCWD = -100;
    public const int LOCK_EX = 2;
    public const int LOCK_NB = 4;
    public const int LOCK_UN = 8;
    public const uint RENAME_NOREPLACE = 1;
    public const uint RENAME_EXCHANGE = 2;
#pragma warning restore CS1591

    private const int AT_SYMLINK_NOFOLLOW = 0x100;
    private const int AT_EMPTY_PATH = 0x1000;
    private const int AT_REMOVEDIR = 0x200;
    private const uint STATX_BASIC_STATS = 0x7ff;
    private const long UTIME_OMIT = 0x3ffffffe;
    private const nint SYS_openat2 = 437;
    private const ulong RESOLVE_NO_MAGICLINKS = 2;
    private const ulong RESOLVE_BENEATH = 8;

    /// <summary>Opens one name in a directory, never through a symbolic link.</summary>
    public static int Open(int directory, ReadOnlySpan<byte> nameZ, int flags, uint mode = 0)
    {
        fixed (byte* name = Checked(nameZ))
            return Result(Libc.openat(directory, name, flags | O_NOFOLLOW | O_CLOEXEC, mode));
    }

    /// <summary>Opens a path that a user named on this machine, links followed.</summary>
    public static int OpenPath(ReadOnlySpan<byte> pathZ, int flags, uint mode = 0)
    {
        fixed (byte* path = Checked(pathZ))
            return Result(Libc.openat(AT_FDCWD, path, flags | O_CLOEXEC, mode));
    }

    /// <summary>
    /// Opens a path below a directory. Links on the way are followed as long as they stay below it, whoever changes them
    /// meanwhile; the failure is EXDEV where one does not. An empty path is the directory itself.
    /// </summary>
    public static int OpenBeneath(int directory, ReadOnlySpan<byte> pathZ, int flags)
    {
        // O_NONBLOCK may be in the flags: openat2 itself never waits on RESOLVE_BENEATH but asks to be called again.
        var how = new OpenHow { Flags = (ulong)(uint)(flags | O_CLOEXEC), Resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
        ReadOnlySpan<byte> target = Checked(pathZ).Length == 1 ? ".\0"u8 : pathZ;
        fixed (byte* path = target)
        {
            while (true)
            {
                // SAFETY: the structure and the path outlive the call.
                int result = Result((int)Libc.syscall(SYS_openat2, directory, (nint)path, (nint)(&how), sizeof(OpenHow)));
                // EAGAIN: a rename elsewhere kept the kernel from being sure.
                if (result != -Errno.EAGAIN)
                    return result;
            }
        }
    }

    /// <summary>Closes a descriptor and forgets it.</summary>
    public static void Close(ref int fd)
    {
        if (fd >= 0)
            _ = Libc.close(fd);
        fd = -1;
    }

    /// <summary>Tells of one name in a directory, never through a symbolic link; an empty name is the directory itself.</summary>
    public static int Status(int directory, ReadOnlySpan<byte> nameZ, out FileStatus status)
    {
        Unsafe.SkipInit(out Statx x);
        fixed (byte* name = Checked(nameZ))
        {
            int result = Result(Libc.statx(directory, name, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, STATX_BASIC_STATS, &x));
            status = result < 0 ? default : From(x);
            return result;
        }
    }

    /// <summary>Tells of an open file.</summary>
    public static int Status(int fd, out FileStatus status) => Status(fd, "\0"u8, out status);

    /// <summary>Reads; never EINTR.</summary>
    public static int Read(int fd, Span<byte> buffer)
    {
        fixed (byte* p = buffer)
        {
            nint count;
            do
                count = Libc.read(fd, p, (nuint)buffer.Length);
            while (count < 0 && Marshal.GetLastPInvokeError() == Errno.EINTR);
            return count < 0 ? -Marshal.GetLastPInvokeError() : (int)count;
        }
    }

    /// <summary>Writes all; 0, or the negated errno.</summary>
    public static int WriteAll(int fd, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* p = bytes)
        {
            int done = 0;
            while (done < bytes.Length)
            {
                nint count = Libc.write(fd, p + done, (nuint)(bytes.Length - done));
                if (count >= 0)
                    done += (int)count;
                else if (Marshal.GetLastPInvokeError() is int errno and not Errno.EINTR)
                    return -errno;
            }

            return 0;
        }
    }

    /// <summary>Moves the place of the next read or write.</summary>
    public static int Seek(int fd, long offset) => Libc.lseek(fd, offset, 0) < 0 ? -Marshal.GetLastPInvokeError() : 0;

    /// <summary>Sets a file's length.</summary>
    public static int Truncate(int fd, long length) => Result(Libc.ftruncate(fd, length));

    /// <summary>Reads directory entries as the kernel packs them; <see cref="DirectoryReader"/> unpacks them.</summary>
    internal static int ReadEntries(int directory, Span<byte> buffer)
    {
        fixed (byte* p = buffer)
            return Result((int)Libc.getdents64(directory, p, (nuint)buffer.Length));
    }

    /// <summary>Where a symbolic link leads: how many bytes, without NUL.</summary>
    public static int ReadLink(int directory, ReadOnlySpan<byte> nameZ, Span<byte> buffer)
    {
        fixed (byte* name = Checked(nameZ), p = buffer)
            return Result((int)Libc.readlinkat(directory, name, p, (nuint)buffer.Length));
    }

    /// <summary>Makes a directory.</summary>
    public static int MakeDirectory(int directory, ReadOnlySpan<byte> nameZ, uint mode)
    {
        fixed (byte* name = Checked(nameZ))
            return Result(Libc.mkdirat(directory, name, mode));
    }

    /// <summary>Makes a symbolic link.</summary>
    public static int MakeLink(ReadOnlySpan<byte> targetZ, int directory, ReadOnlySpan<byte> nameZ)
    {
        fixed (byte* target = Checked(targetZ), name = Checked(nameZ))
            return Result(Libc.symlinkat(target, directory, name));
    }

    /// <summary>Gives a file a second name; a symbolic link is linked itself.</summary>
    public static int MakeHardLink(int fromDirectory, ReadOnlySpan<byte> fromZ, int toDirectory, ReadOnlySpan<byte> toZ)
    {
        fixed (byte* from = Checked(fromZ), to = Checked(toZ))
            return Result(Libc.linkat(fromDirectory, from, toDirectory, to, 0));
    }

    /// <summary>Removes a name that is no directory's.</summary>
    public static int Unlink(int directory, ReadOnlySpan<byte> nameZ)
    {
        fixed (byte* name = Checked(nameZ))
            return Result(Libc.unlinkat(directory, name, 0));
    }

    /// <summary>Removes an empty directory.</summary>
    public static int RemoveDirectory(int directory, ReadOnlySpan<byte> nameZ)
    {
        fixed (byte* name = Checked(nameZ))
            return Result(Libc.unlinkat(directory, name, AT_REMOVEDIR));
    }

    /// <summary>Gives a file another name: by <see cref="RENAME_NOREPLACE"/> or <see cref="RENAME_EXCHANGE"/>, or 0.</summary>
    public static int Rename(int fromDirectory, ReadOnlySpan<byte> fromZ, int toDirectory, ReadOnlySpan<byte> toZ, uint flags)
    {
        fixed (byte* from = Checked(fromZ), to = Checked(toZ))
            return Result(Libc.renameat2(fromDirectory, from, toDirectory, to, flags));
    }

    /// <summary>Sets permission bits.</summary>
    public static int SetMode(int fd, uint mode) => Result(Libc.fchmod(fd, mode));

    /// <summary>Sets owner and group.</summary>
    public static int SetOwner(int fd, uint user, uint group) => Result(Libc.fchown(fd, user, group));

    /// <summary>Sets the mtime of an open file, in nanoseconds since 1970.</summary>
    public static int SetModified(int fd, long nanoseconds)
    {
        Timespec* times = stackalloc Timespec[2];
        Fill(times, nanoseconds);
        return Result(Libc.futimens(fd, times));
    }

    /// <summary>Sets the mtime of one name in a directory, never through a symbolic link.</summary>
    public static int SetModified(int directory, ReadOnlySpan<byte> nameZ, long nanoseconds)
    {
        Timespec* times = stackalloc Timespec[2];
        Fill(times, nanoseconds);
        fixed (byte* name = Checked(nameZ))
            return Result(Libc.utimensat(directory, name, times, AT_SYMLINK_NOFOLLOW));
    }

    /// <summary>Takes a file's lock; it goes with the descriptor's last copy.</summary>
    public static int Lock(int fd, int operation)
    {
        while (true)
        {
            int result = Result(Libc.flock(fd, operation));
            if (result != -Errno.EINTR)
                return result;
        }
    }

    private static void Fill(Timespec* times, long nanoseconds)
    {
        (long seconds, long rest) = Math.DivRem(nanoseconds, 1_000_000_000);
        if (rest < 0)
        {
            seconds--;
            rest += 1_000_000_000;
        }

        times[0] = new Timespec { Nanoseconds = UTIME_OMIT };
        times[1] = new Timespec { Seconds = seconds, Nanoseconds = rest };
    }

    private static FileStatus From(in Statx x) => new(
        (x.Mode & 0xf000) switch
        {
            0x8000 => FileKind.File,
            0x4000 => FileKind.Directory,
            0xa000 => FileKind.Link,
            0x1000 => FileKind.Fifo,
            0xc000 => FileKind.Socket,
            0x2000 => FileKind.CharacterDevice,
            0x6000 => FileKind.BlockDevice,
            _ => FileKind.Unknown,
        },
        (ushort)(x.Mode & 0xfff),
        x.User,
        x.Group,
        x.Links,
        new FileVersion(x.Inode, x.Size, (x.ChangedSeconds * 1_000_000_000) + x.ChangedNanoseconds),
        (x.ModifiedSeconds * 1_000_000_000) + x.ModifiedNanoseconds,
        ((ulong)x.DeviceMajor << 32) | x.DeviceMinor);

    private static int Result(int result) => result < 0 ? -Marshal.GetLastPInvokeError() : result;

    // What the kernel reads must end where the span does, or before.
    private static ReadOnlySpan<byte> Checked(ReadOnlySpan<byte> textZ)
        => !textZ.IsEmpty && textZ[^1] == 0 ? textZ : throw new ArgumentException("a name does not end in NUL");
}
