using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Kvm.Native;

namespace Pyro.Bench;

/// <summary>
/// Sockets of the host's own <c>AF_VSOCK</c>, by which QEMU's guests are reached (vhost-vsock). Pyro's own machines do
/// not need it: their vsock ends in a Unix socket.
/// </summary>
internal static unsafe class VsockSocket
{
    /// <summary>Listens for guests.</summary>
    internal static FileDescriptor Listen(uint port)
    {
        FileDescriptor socket = Create();
        sockaddr_vm address = Address(Uapi.VMADDR_CID_ANY, port);
        // SAFETY: the kernel reads the structure during the call.
        if (Libc.bind(socket, &address, (uint)sizeof(sockaddr_vm)) < 0)
            throw LinuxException.Last("bind", $"vsock port {port}");
        if (Libc.listen(socket, 1) < 0)
            throw LinuxException.Last("listen", $"vsock port {port}");
        return socket;
    }

    /// <summary>Waits for a guest's connection.</summary>
    internal static Stream Accept(FileDescriptor listener)
    {
        int fd = Libc.accept4(listener, null, null, Uapi.SOCK_CLOEXEC);
        return fd < 0 ? throw LinuxException.Last("accept4", "vsock") : Stream(fd);
    }

    /// <summary>Connects to a port in a guest.</summary>
    internal static Stream Connect(uint cid, uint port)
    {
        FileDescriptor socket = Create();
        sockaddr_vm address = Address(cid, port);
        // SAFETY: as above.
        return Libc.connect(socket, &address, (uint)sizeof(sockaddr_vm)) < 0
            ? throw LinuxException.Last("connect", $"vsock {cid}:{port}")
            : Stream(Take(socket));
    }

    private static FileDescriptor Create()
    {
        int fd = Libc.socket(Uapi.AF_VSOCK, Uapi.SOCK_STREAM | Uapi.SOCK_CLOEXEC, 0);
        return fd < 0 ? throw LinuxException.Last("socket", "AF_VSOCK (modprobe vhost_vsock)") : new FileDescriptor(fd);
    }

    private static sockaddr_vm Address(uint cid, uint port) =>
        new() { svm_family = Uapi.AF_VSOCK, svm_cid = cid, svm_port = port };

    private static int Take(FileDescriptor socket)
    {
        int fd = socket.Number;
        socket.SetHandleAsInvalid();
        return fd;
    }

    private static FileStream Stream(int fd) => new(new SafeFileHandle(fd, ownsHandle: true), FileAccess.ReadWrite, bufferSize: 0);
}
