using System.Buffers.Text;
using Pyro.Kvm.Native;
using Pyro.Vmm.Memory;
using static Pyro.Vmm.Virtio.Vsock.SocketCalls;

namespace Pyro.Vmm.Virtio.Vsock;

/// <summary>A connection's end on the host: a non-blocking Unix stream socket, or none.</summary>
internal unsafe struct HostSocket
{
    /// <summary>Nothing can be transferred right now.</summary>
    internal const int WouldBlock = -1;

    /// <summary>Nothing can be transferred ever again.</summary>
    internal const int Broken = -2;

    private int _descriptorPlusOne;

    internal HostSocket(int descriptor) => _descriptorPlusOne = descriptor + 1;

    internal readonly bool IsOpen => _descriptorPlusOne != 0;

    internal readonly int Descriptor => _descriptorPlusOne - 1;

    /// <summary>Accepts from a listener.</summary>
    /// <param name="listener">A non-blocking listening socket.</param>
    /// <param name="errno">Why there is none.</param>
    internal static HostSocket Accept(int listener, out int errno)
    {
        int fd = accept4(listener, null, null, Uapi.SOCK_NONBLOCK | Uapi.SOCK_CLOEXEC);
        errno = fd < 0 ? Errno : 0;
        return fd < 0 ? default : new HostSocket(fd);
    }

    /// <summary>Makes a socket that is not connected; not open if the host has no descriptor left.</summary>
    internal static HostSocket Create()
    {
        int fd = socket(Uapi.AF_UNIX, Uapi.SOCK_STREAM | Uapi.SOCK_NONBLOCK | Uapi.SOCK_CLOEXEC, 0);
        return fd < 0 ? default : new HostSocket(fd);
    }

    /// <summary>Connects. Unix sockets do so at once or not at all.</summary>
    /// <param name="address">A <c>struct sockaddr_un</c>.</param>
    /// <returns>0; <see cref="WouldBlock"/> if the listener's backlog is full; <see cref="Broken"/> if nobody listens.</returns>
    internal readonly int Connect(ReadOnlySpan<byte> address)
    {
        fixed (byte* first = address)
        {
            while (connect(Descriptor, first, (uint)address.Length) < 0)
            {
                if (Errno != Uapi.EINTR)
                    return Errno == Uapi.EAGAIN ? WouldBlock : Broken;
            }
        }

        return 0;
    }

    /// <summary>Reads into pieces of memory.</summary>
    /// <returns>Bytes; 0 at the end of the stream; <see cref="WouldBlock"/>; <see cref="Broken"/>.</returns>
    internal readonly int Read(ReadOnlySpan<IoVector> into)
    {
        fixed (IoVector* first = into)
        {
            nint count;
            while ((count = readv(Descriptor, first, into.Length)) < 0 && Errno == Uapi.EINTR)
            {
            }

            return Result(count);
        }
    }

    /// <summary>Writes pieces of memory.</summary>
    /// <returns>Bytes, perhaps fewer than there are; <see cref="WouldBlock"/>; <see cref="Broken"/>.</returns>
    internal readonly int Write(ReadOnlySpan<IoVector> pieces)
    {
        fixed (IoVector* first = pieces)
        {
            msghdr message = new() { msg_iov = (iovec*)first, msg_iovlen = (nuint)pieces.Length };
            nint count;
            while ((count = sendmsg(Descriptor, &message, Uapi.MSG_NOSIGNAL)) < 0 && Errno == Uapi.EINTR)
            {
            }

            return Result(count);
        }
    }

    /// <summary>Looks at what has come in, without taking it.</summary>
    /// <returns>As <see cref="Read"/>.</returns>
    internal readonly int Peek(Span<byte> into) => Receive(into, Uapi.MSG_PEEK);

    /// <summary>Takes bytes that <see cref="Peek"/> has shown.</summary>
    internal readonly int Take(Span<byte> into) => Receive(into, 0);

    /// <summary>Tells the host program that it is connected, with Firecracker's words.</summary>
    /// <returns>False if it is gone.</returns>
    internal readonly bool TryGreet(uint hostPort)
    {
        Span<byte> line = stackalloc byte[16];
        "OK "u8.CopyTo(line);
        Utf8Formatter.TryFormat(hostPort, line[3..], out int digits);
        line[3 + digits] = (byte)'\n';
        fixed (byte* first = line)
            return send(Descriptor, first, (nuint)(digits + 4), Uapi.MSG_NOSIGNAL) == digits + 4;
    }

    /// <summary>The host program can send no more.</summary>
    internal readonly void ShutdownReading() => _ = shutdown(Descriptor, Uapi.SHUT_RD);

    /// <summary>The host program sees the end of the stream.</summary>
    internal readonly void ShutdownWriting() => _ = shutdown(Descriptor, Uapi.SHUT_WR);

    internal void Close()
    {
        if (IsOpen)
            _ = close(Descriptor);
        _descriptorPlusOne = 0;
    }

    private readonly int Receive(Span<byte> into, int flags)
    {
        fixed (byte* first = into)
        {
            nint count;
            while ((count = recv(Descriptor, first, (nuint)into.Length, flags)) < 0 && Errno == Uapi.EINTR)
            {
            }

            return Result(count);
        }
    }

    // ENOBUFS, ENOMEM and the like are the host's shortage, as little to be repaired here as a closed peer.
    private static int Result(nint count) => count >= 0 ? (int)count : Errno == Uapi.EAGAIN ? WouldBlock : Broken;
}
