using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Kvm.Native;

namespace Pyro.Files;

/// <summary>What the file system tells of a file, and .NET does not.</summary>
internal static unsafe class FileStatus
{
    /// <summary>The user that owns a path, links not followed; <see cref="uint.MaxValue"/> if it is not there.</summary>
    internal static uint OwnerOf(string path) => TryGet(path, Uapi.AT_SYMLINK_NOFOLLOW, out stat status) ? status.st_uid : uint.MaxValue;

    /// <summary>How many names an open file has; 0 once it was deleted.</summary>
    internal static ulong LinksOf(SafeFileHandle file)
    {
        stat status;
        // SAFETY: the kernel fills in exactly the struct.
        return Libc.fstat(file, &status) == 0 ? status.st_nlink : 0;
    }

    /// <summary>A file's inode, size in bytes and time of change in nanoseconds, links followed; zeros if it is not there.</summary>
    internal static (ulong Inode, ulong Size, ulong Modified) IdentityOf(string path) =>
        TryGet(path, flags: 0, out stat status)
            ? (status.st_ino, (ulong)status.st_size, ((ulong)status.st_mtim.tv_sec * 1_000_000_000) + (ulong)status.st_mtim.tv_nsec)
            : default;

    /// <summary>Bytes that a file takes on the disk; 0 if it is not there.</summary>
    internal static long DiskUsageOf(string path) => TryGet(path, flags: 0, out stat status) ? status.st_blocks * 512 : 0;

    /// <summary>Bytes that a folder's files take on the disk, as far as it can be read.</summary>
    internal static long DiskUsageBelow(string folder)
    {
        long sum = 0;
        var all = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.None };
        foreach (string file in Directory.EnumerateFiles(folder, "*", all))
            sum += DiskUsageOf(file);
        return sum;
    }

    private static bool TryGet(string path, int flags, out stat status)
    {
        // SAFETY: the kernel fills in exactly the struct.
        fixed (stat* buffer = &status)
            return Libc.fstatat(Uapi.AT_FDCWD, path, buffer, flags) == 0;
    }
}
