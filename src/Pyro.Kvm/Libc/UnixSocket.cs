using System.Runtime.InteropServices;
using System.Text;
using Pyro.Kvm.Native;

namespace Pyro.Kvm;

/// <summary>
/// Stream sockets with a path. <c>System.Net.Sockets.Socket</c> removes the path when it is closed, which is too early where
/// the listener has been handed to another process.
/// </summary>
public static unsafe class UnixSocket
{
    private const int Backlog = 128;

    /// <summary>The longest path in bytes: <c>sun_path</c> of <c>struct sockaddr_un</c> without its zero.</summary>
    public const int MaxPath = 107;

    /// <summary>Listens at a path that was free; only the user's own processes can connect.</summary>
    /// <exception cref="LinuxException">The path is taken, or too long.</exception>
    public static FileDescriptor Listen(string path)
    {
        FileDescriptor socket = Open(path);
        Span<byte> address = stackalloc byte[sizeof(sockaddr_un)];
        try
        {
            Encode(path, address);
            fixed (byte* first = address)
            {
                // SAFETY: the address is as long as said. A socket's file takes the mode of the descriptor.
                if (Libc.fchmod(socket, 0x180) < 0 || Libc.bind(socket, first, (uint)address.Length) < 0)
                    throw LinuxException.Last("bind", path);
            }

            return Libc.listen(socket, Backlog) == 0 ? socket : throw LinuxException.Last("listen", path);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Connects to a listening socket.</summary>
    /// <exception cref="LinuxException">Nobody listens there.</exception>
    public static FileDescriptor Connect(string path)
    {
        FileDescriptor socket = Open(path);
        Span<byte> address = stackalloc byte[sizeof(sockaddr_un)];
        try
        {
            Encode(path, address);
            fixed (byte* first = address)
            {
                // SAFETY: the address is as long as said.
                while (Libc.connect(socket, first, (uint)address.Length) < 0)
                {
                    var failure = LinuxException.Last("connect", path);
                    if (failure.Errno != Uapi.EINTR)
                        throw failure;
                }
            }

            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Waits for a connection.</summary>
    /// <returns>Null if the listener is of no more use.</returns>
    public static FileDescriptor? Accept(SafeHandle listener)
    {
        while (true)
        {
            int fd = Libc.accept4(listener, null, null, Uapi.SOCK_CLOEXEC);
            if (fd >= 0)
                return new FileDescriptor(fd);
            int errno = Marshal.GetLastPInvokeError();
            if (errno is Uapi.EMFILE or Uapi.ENFILE or Uapi.ENOBUFS or Uapi.ENOMEM)
                Thread.Sleep(100); // who connects waits in the backlog until there is room
            else if (errno is not (Uapi.EINTR or Uapi.ECONNABORTED))
                return null;
        }
    }

    private static FileDescriptor Open(string path)
    {
        var socket = new FileDescriptor(Libc.socket(Uapi.AF_UNIX, Uapi.SOCK_STREAM | Uapi.SOCK_CLOEXEC, 0));
        return socket.IsInvalid ? throw LinuxException.Last("socket", path) : socket;
    }

    private static void Encode(string path, Span<byte> address)
    {
        address.Clear();
        address[0] = Uapi.AF_UNIX;
        if (path.Contains('\0') || !Encoding.UTF8.TryGetBytes(path, address[2..^1], out _))
            throw new LinuxException("sockaddr_un", path, Uapi.ENAMETOOLONG);
    }
}
