using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Kvm.Native;

namespace Pyro.Vmm.Snapshots;

/// <summary>
/// Which file it is, and when it was last written to. A file with the same stamp was not touched since; one with another may
/// be a copy, and its content has to be checked. Another name for the file (a hard link) changes nothing of it.
/// </summary>
/// <param name="Inode">Its number in its file system.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Modified">Nanoseconds since 1970 of the last write.</param>
public readonly record struct FileStamp(ulong Inode, long Length, long Modified)
{
    /// <summary>An open file's stamp.</summary>
    /// <exception cref="LinuxException">The kernel does not tell.</exception>
    public static unsafe FileStamp Of(SafeFileHandle file)
    {
        stat status;
        // SAFETY: the kernel fills in exactly the struct.
        if (Libc.fstat(file, &status) != 0)
            throw LinuxException.Last("fstat", "a file of a snapshot");
        return new FileStamp(status.st_ino, status.st_size, (status.st_mtim.tv_sec * 1_000_000_000) + status.st_mtim.tv_nsec);
    }
}
