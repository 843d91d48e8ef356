using System.Runtime.InteropServices;

namespace Pyro.Trees.Native;

/// <summary>The C library's calls on whole file systems and their devices.</summary>
internal static unsafe partial class Libc
{
    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint pread(int fd, byte* buffer, nuint count, long offset);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int syncfs(int fd);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int ioctl(int fd, nuint request, nint argument);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int unshare(int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int mount(byte* source, byte* target, byte* type, nuint flags, byte* data);
}
