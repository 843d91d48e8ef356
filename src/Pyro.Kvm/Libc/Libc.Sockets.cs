using System.Runtime.InteropServices;
using Pyro.Kvm.Native;

namespace Pyro.Kvm;

// Sockets and the passing of descriptors.
public static unsafe partial class Libc
{
    /// <summary><c>socket(2)</c>: a descriptor, or -1.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int socket(int domain, int type, int protocol);

    /// <summary><c>socketpair(2)</c>: two descriptors.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int socketpair(int domain, int type, int protocol, int* pair);

    /// <summary><c>bind(2)</c>.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int bind(SafeHandle socket, void* address, uint length);

    /// <summary><c>listen(2)</c>.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int listen(SafeHandle socket, int backlog);

    /// <summary><c>accept4(2)</c>: a descriptor, or -1.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int accept4(SafeHandle socket, void* address, uint* length, int flags);

    /// <summary><c>connect(2)</c>.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int connect(SafeHandle socket, void* address, uint length);

    /// <summary><c>shutdown(2)</c>.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int shutdown(SafeHandle socket, int how);

    /// <summary><c>send(2)</c>.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial nint send(SafeHandle socket, void* buffer, nuint length, int flags);

    /// <summary><c>recv(2)</c>.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial nint recv(SafeHandle socket, void* buffer, nuint length, int flags);

    /// <summary><c>sendmsg(2)</c>; <see cref="DescriptorPassing"/> for descriptors.</summary>
    /// <param name="message">A <see cref="msghdr"/>.</param>
    [LibraryImport(Library, SetLastError = true)]
    public static partial nint sendmsg(SafeHandle socket, void* message, int flags);

    /// <summary><c>recvmsg(2)</c>.</summary>
    /// <param name="message">A <see cref="msghdr"/>.</param>
    [LibraryImport(Library, SetLastError = true)]
    public static partial nint recvmsg(SafeHandle socket, void* message, int flags);

    /// <summary><c>getsockopt(2)</c>.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int getsockopt(SafeHandle socket, int level, int name, void* value, uint* length);

    /// <summary><c>setsockopt(2)</c>.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int setsockopt(SafeHandle socket, int level, int name, void* value, uint length);
}
