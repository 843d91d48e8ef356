using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Kvm.Native;

namespace Pyro.Vmm.Snapshots;

/// <summary>
/// Which file it is, and when it last changed. A file with the same stamp was not touched since; one with another may be
/// a copy, and its content has to be checked.
/// </summary>
/// <param name="Inode">Its number in its file system.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Modified">Nanoseconds since 1970 of the last write.</param>
/// <param name="Changed">The same of the last change of any kind, which no program can set back.</param>
public readonly record struct FileStamp(ulong Inode, long Length, long Modified, long Changed)
{
    /// <summary>An open file's stamp.</summary>
    /// <exception cref="LinuxException">The kernel does not tell.</exception>
    public static unsafe FileStamp Of(SafeFileHandle file)
    {
        stat status;
        // SAFETY: the kernel fills in exactly the struct.
        if (Libc.fstat(file, &status) != 0)
            throw LinuxException.Last("fstat", "a file of a snapshot");
        return new FileStamp(status.st_ino, status.st_size, Nanoseconds(status.st_mtim), Nanoseconds(status.st_ctim));
    }

    private static long Nanoseconds(timespec time) => (time.tv_sec * 1_000_000_000) + time.tv_nsec;
}
