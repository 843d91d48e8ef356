using System.Runtime.InteropServices;
using Pyro.Kvm.Native;

namespace Pyro.Vmm.Virtio.Vsock;

/// <summary>
/// Socket calls by descriptor number. A connection's descriptor is used by one thread only, thousands of times a second:
/// the reference counting of safe handles would guard nothing here.
/// </summary>
internal static unsafe partial class SocketCalls
{
    private const string Library = "libc";

    /// <summary>The error number of this thread's last call here that returned -1.</summary>
    internal static int Errno => Marshal.GetLastPInvokeError();

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int socket(int domain, int type, int protocol);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int connect(int fd, byte* address, uint length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int accept4(int fd, void* address, uint* length, int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint recv(int fd, void* data, nuint length, int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint send(int fd, void* data, nuint length, int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint readv(int fd, void* vectors, int count);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint sendmsg(int fd, msghdr* message, int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int shutdown(int fd, int how);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int fcntl(int fd, int command, nint argument);

    [LibraryImport(Library)]
    internal static partial int close(int fd);
}
