using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Pyro.Interop;

namespace Pyro.Files;

/// <summary>What .NET does not do with files: exchange them, sync them, tell what they take on the disk and where their data is.</summary>
internal static partial class FileSystem
{
    internal const int SEEK_DATA = 3;

    private const int AT_FDCWD = -100;
    private const uint RENAME_EXCHANGE = 2;

    /// <summary>Puts a folder where another one may be, in one step as others see it. The old one, if any, is then at <paramref name="from"/>.</summary>
    /// <exception cref="IOException">The file system refused.</exception>
    internal static void Exchange(string from, string to)
    {
        if (Directory.Exists(to) && renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE) == 0)
            return;
        // Nothing there, or a file system that cannot exchange: then the name is missing for a moment.
        if (Directory.Exists(to))
            Directory.Move(to, $"{from}.old");
        Directory.Move(from, to);
    }

    /// <summary>Waits until a file or folder is on the disk.</summary>
    /// <exception cref="IOException">The disk failed or is full.</exception>
    internal static void Sync(string path)
    {
        int fd = Libc.open(path, Libc.O_RDONLY | Libc.O_CLOEXEC, 0);
        if (fd < 0)
            throw Failed("open", path);
        using var handle = new SafeFileHandle(fd, ownsHandle: true);
        if (fsync(handle) < 0)
            throw Failed("fsync", path);
    }

    /// <summary>Bytes that a file takes on the disk; 0 if it is not there.</summary>
    internal static long DiskUsage(string path)
    {
        // struct stat is 144 bytes on x86-64; st_blocks is its ninth word, in units of 512 bytes.
        ulong[] words = new ulong[18];
        return stat(path, words) == 0 ? (long)words[8] * 512 : 0;
    }

    /// <summary>Bytes that a folder's files take on the disk, as far as it can be read.</summary>
    internal static long DiskUsageBelow(string folder)
    {
        long sum = 0;
        var all = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.None };
        foreach (string file in Directory.EnumerateFiles(folder, "*", all))
            sum += DiskUsage(file);
        return sum;
    }

    private static IOException Failed(string call, string path)
    {
        int errno = Marshal.GetLastPInvokeError();
        return new IOException($"{call} of {path}: {Marshal.GetPInvokeErrorMessage(errno)}", errno);
    }

    [LibraryImport("libc", SetLastError = true)]
    internal static partial long lseek(SafeFileHandle file, long offset, int whence);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(SafeFileHandle file);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int renameat2(int fromFolder, string from, int toFolder, string to, uint flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int stat(string path, [Out] ulong[] buffer);
}
