using System.Runtime.InteropServices;
using Pyro.Trees.Native;

namespace Pyro.Trees;

/// <summary>System calls on whole file systems and their devices. A failure is the negated errno, as in <see cref="TreeCalls"/>.</summary>
public static unsafe class DeviceCalls
{
    private const nuint BLKFLSBUF = 0x1261;
    private const int CLONE_NEWNS = 0x20000;
    private const nuint MS_RDONLY = 1, MS_REC = 16384, MS_PRIVATE = 1 << 18;

    /// <summary>Reads at an offset; fewer bytes than asked for only where the file ends.</summary>
    public static int ReadAt(int fd, Span<byte> buffer, long offset)
    {
        int done = 0;
        fixed (byte* p = buffer)
        {
            while (done < buffer.Length)
            {
                nint count = Libc.pread(fd, p + done, (nuint)(buffer.Length - done), offset + done);
                if (count == 0)
                    break;
                if (count > 0)
                    done += (int)count;
                else if (Marshal.GetLastPInvokeError() is int errno and not Errno.EINTR)
                    return -errno;
            }
        }

        return done;
    }

    /// <summary>Writes to its device what a file system has not written yet.</summary>
    public static int SyncFileSystem(int fd) => Libc.syncfs(fd) < 0 ? -Marshal.GetLastPInvokeError() : 0;

    /// <summary>Forgets what is cached of a block device that may have become another one meanwhile; other files have no such cache.</summary>
    public static void ForgetCache(int fd) => _ = Libc.ioctl(fd, BLKFLSBUF, 0);

    /// <summary>Mounts a device read-only where this thread alone sees it, its journal left as it is.</summary>
    public static int MountPrivately(ReadOnlySpan<byte> deviceZ, ReadOnlySpan<byte> targetZ)
    {
        fixed (byte* device = deviceZ, target = targetZ, type = "ext4\0"u8, options = "noload\0"u8, root = "/\0"u8)
        {
            return Libc.unshare(CLONE_NEWNS) < 0
                || Libc.mount(null, root, null, MS_REC | MS_PRIVATE, null) < 0
                || Libc.mount(device, target, type, MS_RDONLY, options) < 0
                ? -Marshal.GetLastPInvokeError() : 0;
        }
    }
}
