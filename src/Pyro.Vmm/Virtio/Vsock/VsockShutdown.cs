using Pyro.Kvm.Native;

namespace Pyro.Vmm.Virtio.Vsock;

/// <summary>The VIRTIO_VSOCK_SHUTDOWN_F_* flags: what the sender will do no more (virtio 1.2, 5.10.6.5).</summary>
[Flags]
internal enum VsockShutdown : uint
{
    None = 0,
    RECEIVE = Uapi.VIRTIO_VSOCK_SHUTDOWN_RCV,
    SEND = Uapi.VIRTIO_VSOCK_SHUTDOWN_SEND,
    Both = RECEIVE | SEND,
}
