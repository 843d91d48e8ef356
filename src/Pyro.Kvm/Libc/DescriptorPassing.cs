using System.Runtime.InteropServices;
using Pyro.Kvm.Native;

namespace Pyro.Kvm;

/// <summary>Sends open descriptors over a Unix socket (<c>SCM_RIGHTS</c>).</summary>
public static unsafe class DescriptorPassing
{
    /// <summary>The most descriptors that one message carries (the kernel's SCM_MAX_FD).</summary>
    public const int MaxDescriptors = 253;

    /// <summary>A connected pair of stream sockets, closed on exec.</summary>
    /// <exception cref="LinuxException">The process is out of descriptors.</exception>
    public static (FileDescriptor First, FileDescriptor Second) CreatePair()
    {
        int* pair = stackalloc int[2];
        // SAFETY: the kernel writes two descriptors.
        if (Libc.socketpair(Uapi.AF_UNIX, Uapi.SOCK_STREAM | Uapi.SOCK_CLOEXEC, 0, pair) < 0)
        {
            throw LinuxException.Last("socketpair");
        }
        return (new FileDescriptor(pair[0]), new FileDescriptor(pair[1]));
    }

    /// <summary>Sends all of <paramref name="data"/>, the descriptors with its first byte.</summary>
    /// <param name="socket">A blocking stream socket.</param>
    /// <param name="data">At least one byte.</param>
    /// <param name="descriptors">Descriptors that stay the caller's own.</param>
    /// <exception cref="LinuxException">The other end is gone (EPIPE), or the call failed.</exception>
    public static void Send(SafeHandle socket, ReadOnlySpan<byte> data, params ReadOnlySpan<SafeHandle> descriptors)
    {
        ArgumentOutOfRangeException.ThrowIfZero(data.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(descriptors.Length, MaxDescriptors);
        Span<int> numbers = stackalloc int[descriptors.Length];
        int held = 0;
        try
        {
            for (; held < descriptors.Length; held++)
            {
                bool added = false;
                descriptors[held].DangerousAddRef(ref added);
                numbers[held] = (int)descriptors[held].DangerousGetHandle();
            }
            SendNumbers(socket, data, numbers);
        }
        finally
        {
            while (held > 0)
            {
                descriptors[--held].DangerousRelease();
            }
        }
    }

    /// <summary>Receives once.</summary>
    /// <param name="socket">A blocking socket.</param>
    /// <param name="data">Room for at least one byte.</param>
    /// <param name="descriptors">Gets the descriptors that came along, closed on exec.</param>
    /// <returns>Bytes received; 0 if the other end has closed.</returns>
    /// <exception cref="LinuxException">The call failed, or more descriptors came than a message can have room for (EMSGSIZE).</exception>
    public static int Receive(SafeHandle socket, Span<byte> data, IList<FileDescriptor> descriptors)
    {
        byte* control = stackalloc byte[ControlSize(MaxDescriptors)];
        fixed (byte* bytes = data)
        {
            // SAFETY: the vector and the control buffer are as long as the message says, and outlive the call.
            iovec vector = new() { iov_base = bytes, iov_len = (ulong)data.Length };
            msghdr message = new() { msg_iov = &vector, msg_iovlen = 1, msg_control = control, msg_controllen = (ulong)ControlSize(MaxDescriptors) };
            nint received;
            do
            {
                received = Libc.recvmsg(socket, &message, (int)Uapi.MSG_CMSG_CLOEXEC);
            }
            while (received < 0 && Marshal.GetLastPInvokeError() == Uapi.EINTR);
            if (received < 0)
            {
                throw LinuxException.Last("recvmsg");
            }
            TakeDescriptors(control, (int)message.msg_controllen, descriptors);
            return (message.msg_flags & (int)Uapi.MSG_CTRUNC) == 0 ? (int)received : throw new LinuxException("recvmsg", "descriptors", Uapi.EMSGSIZE);
        }
    }

    private static void SendNumbers(SafeHandle socket, ReadOnlySpan<byte> data, ReadOnlySpan<int> numbers)
    {
        byte* control = stackalloc byte[ControlSize(numbers.Length)];
        // SAFETY: ControlSize has room for the header and the numbers; vector and control outlive the calls.
        var header = (cmsghdr*)control;
        header->cmsg_len = (ulong)(sizeof(cmsghdr) + (numbers.Length * sizeof(int)));
        header->cmsg_level = Uapi.SOL_SOCKET;
        header->cmsg_type = Uapi.SCM_RIGHTS;
        numbers.CopyTo(new Span<int>(control + sizeof(cmsghdr), numbers.Length));
        fixed (byte* bytes = data)
        {
            bool withDescriptors = numbers.Length > 0;
            for (int sent = 0; sent < data.Length;)
            {
                iovec vector = new() { iov_base = bytes + sent, iov_len = (ulong)(data.Length - sent) };
                msghdr message = new() { msg_iov = &vector, msg_iovlen = 1 };
                if (withDescriptors)
                {
                    message.msg_control = control;
                    message.msg_controllen = (ulong)ControlSize(numbers.Length);
                }
                nint written = Libc.sendmsg(socket, &message, (int)Uapi.MSG_NOSIGNAL);
                if (written >= 0)
                {
                    sent += (int)written;
                    withDescriptors = false;
                }
                else if (Marshal.GetLastPInvokeError() != Uapi.EINTR)
                {
                    throw LinuxException.Last("sendmsg");
                }
            }
        }
    }

    private static void TakeDescriptors(byte* control, int length, IList<FileDescriptor> descriptors)
    {
        // SAFETY: the kernel wrote length bytes of control messages, each as long as its header says.
        for (int offset = 0; offset + sizeof(cmsghdr) <= length;)
        {
            var header = (cmsghdr*)(control + offset);
            if (header->cmsg_level == Uapi.SOL_SOCKET && header->cmsg_type == Uapi.SCM_RIGHTS)
            {
                int count = ((int)header->cmsg_len - sizeof(cmsghdr)) / sizeof(int);
                foreach (int fd in new ReadOnlySpan<int>(control + offset + sizeof(cmsghdr), count))
                {
                    descriptors.Add(new FileDescriptor(fd));
                }
            }
            offset += Align((int)header->cmsg_len);
        }
    }

    private static int ControlSize(int descriptors) => Align(sizeof(cmsghdr) + (descriptors * sizeof(int)));

    private static int Align(int length) => (length + sizeof(ulong) - 1) & ~(sizeof(ulong) - 1);
}
