using Pyro.Kvm.Native;

namespace Pyro.Vmm.Virtio.Vsock;

/// <summary>The VIRTIO_VSOCK_OP_* values (virtio 1.2, 5.10.6).</summary>
internal enum VsockOp : ushort
{
    INVALID = Uapi.VIRTIO_VSOCK_OP_INVALID,
    REQUEST = Uapi.VIRTIO_VSOCK_OP_REQUEST,
    RESPONSE = Uapi.VIRTIO_VSOCK_OP_RESPONSE,
    RST = Uapi.VIRTIO_VSOCK_OP_RST,
    SHUTDOWN = Uapi.VIRTIO_VSOCK_OP_SHUTDOWN,
    RW = Uapi.VIRTIO_VSOCK_OP_RW,
    CREDIT_UPDATE = Uapi.VIRTIO_VSOCK_OP_CREDIT_UPDATE,
    CREDIT_REQUEST = Uapi.VIRTIO_VSOCK_OP_CREDIT_REQUEST,
}
