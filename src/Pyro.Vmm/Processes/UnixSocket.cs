using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Kvm.Native;

namespace Pyro.Vmm.Processes;

/// <summary>A connected Unix stream socket, blocking, that can carry open descriptors.</summary>
internal static unsafe class UnixSocket
{
    private const int MaxDescriptors = 64;

    // A control message is its header (16 bytes, which is aligned) and four bytes a descriptor.
    private const int ControlSize = 16 + MaxDescriptors * sizeof(int);

    /// <summary>Two sockets connected to each other, closed on exec.</summary>
    internal static (SafeFileHandle First, SafeFileHandle Second) CreatePair()
    {
        int* pair = stackalloc int[2];
        if (Libc.socketpair(Uapi.AF_UNIX, Uapi.SOCK_STREAM | Uapi.SOCK_CLOEXEC, 0, pair) < 0)
        {
            throw LinuxException.Last("socketpair");
        }

        return (new SafeFileHandle(pair[0], true), new SafeFileHandle(pair[1], true));
    }

    /// <summary>Sends bytes with descriptors attached to the first of them.</summary>
    internal static void SendDescriptors(SafeFileHandle socket, ReadOnlySpan<byte> bytes, ReadOnlySpan<SafeFileHandle> descriptors)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(descriptors.Length, MaxDescriptors);
        int dataLength = descriptors.Length * sizeof(int);
        byte* control = stackalloc byte[ControlSize];
        var header = (cmsghdr*)control;
        header->cmsg_len = (ulong)cmsghdr.sizeof___cmsg_data(dataLength);
        header->cmsg_level = Uapi.SOL_SOCKET;
        header->cmsg_type = Uapi.SCM_RIGHTS;
        var numbers = (int*)cmsghdr.__cmsg_data(header);
        for (int i = 0; i < descriptors.Length; i++)
        {
            numbers[i] = (int)descriptors[i].DangerousGetHandle();
        }

        fixed (byte* data = bytes)
        {
            var vector = new iovec { iov_base = data, iov_len = (ulong)bytes.Length };
            var message = new msghdr
            {
                msg_iov = &vector,
                msg_iovlen = 1,
                msg_control = descriptors.Length > 0 ? control : null,
                msg_controllen = descriptors.Length > 0 ? (ulong)(16 + ((dataLength + 7) & ~7)) : 0,
            };
            // SAFETY: every pointer in the message is to a local or pinned buffer of the length beside it.
            nint sent = Libc.sendmsg(socket, &message, Uapi.MSG_NOSIGNAL);
            if (sent != bytes.Length)
            {
                throw LinuxException.Last("sendmsg", "the control socket");
            }
        }
    }

    /// <summary>Receives exactly as many bytes as the span has, and the descriptors that came with the first of them.</summary>
    /// <returns>False if the other side is gone.</returns>
    internal static bool ReceiveDescriptors(SafeFileHandle socket, Span<byte> bytes, out SafeFileHandle[] descriptors)
    {
        descriptors = [];
        byte* control = stackalloc byte[ControlSize];
        fixed (byte* data = bytes)
        {
            var vector = new iovec { iov_base = data, iov_len = (ulong)bytes.Length };
            var message = new msghdr { msg_iov = &vector, msg_iovlen = 1, msg_control = control, msg_controllen = ControlSize };
            // SAFETY: as above; the kernel writes no further than the lengths say.
            nint received = Libc.recvmsg(socket, &message, Uapi.MSG_CMSG_CLOEXEC);
            if (received <= 0)
            {
                return false;
            }

            var header = (cmsghdr*)control;
            if (message.msg_controllen >= 16 && header->cmsg_level == Uapi.SOL_SOCKET && header->cmsg_type == Uapi.SCM_RIGHTS)
            {
                int count = (int)(header->cmsg_len - 16) / sizeof(int);
                var numbers = new ReadOnlySpan<int>(cmsghdr.__cmsg_data(header), Math.Min(count, MaxDescriptors));
                descriptors = new SafeFileHandle[numbers.Length];
                for (int i = 0; i < numbers.Length; i++)
                {
                    descriptors[i] = new SafeFileHandle(numbers[i], true);
                }
            }

            return Read(socket, bytes[(int)received..]);
        }
    }

    /// <summary>Fills the span.</summary>
    /// <returns>False if the other side is gone.</returns>
    internal static bool Read(SafeFileHandle socket, Span<byte> bytes)
    {
        fixed (byte* data = bytes)
        {
            for (int done = 0; done < bytes.Length;)
            {
                // SAFETY: data + done to the end is inside the pinned span.
                nint received = Libc.recv(socket, data + done, (nuint)(bytes.Length - done), 0);
                if (received == 0 || (received < 0 && Marshal.GetLastPInvokeError() != Uapi.EINTR))
                {
                    return false;
                }

                done += (int)Math.Max(received, 0);
            }
        }

        return true;
    }

    /// <summary>Writes the span. If the other side is gone, so are the bytes: whoever reads this socket notices.</summary>
    internal static void Write(SafeFileHandle socket, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* data = bytes)
        {
            for (int done = 0; done < bytes.Length;)
            {
                // SAFETY: data + done to the end is inside the pinned span.
                nint sent = Libc.send(socket, data + done, (nuint)(bytes.Length - done), Uapi.MSG_NOSIGNAL);
                if (sent < 0 && Marshal.GetLastPInvokeError() != Uapi.EINTR)
                {
                    return;
                }

                done += (int)Math.Max(sent, 0);
            }
        }
    }

    /// <summary>Wakes whoever reads this socket, here or there, with end-of-file.</summary>
    internal static void Shutdown(SafeFileHandle socket) => _ = Libc.shutdown(socket, Uapi.SHUT_RDWR);
}
