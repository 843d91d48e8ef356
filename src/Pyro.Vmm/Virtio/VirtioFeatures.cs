using Pyro.Kvm.Native;

namespace Pyro.Vmm.Virtio;

/// <summary>Masks of the feature bits that belong to no device type (virtio 1.2, section 6).</summary>
public static class VirtioFeatures
{
    /// <summary>The driver can use descriptors with the VIRTQ_DESC_F_INDIRECT flag.</summary>
    public const ulong VIRTIO_F_INDIRECT_DESC = 1UL << Uapi.VIRTIO_RING_F_INDIRECT_DESC;

    /// <summary>The used_event and avail_event fields are in use.</summary>
    public const ulong VIRTIO_F_EVENT_IDX = 1UL << Uapi.VIRTIO_RING_F_EVENT_IDX;

    /// <summary>Compliance with virtio 1.0 or later; there is no other kind of driver here.</summary>
    public const ulong VIRTIO_F_VERSION_1 = 1UL << Uapi.VIRTIO_F_VERSION_1;

    /// <summary>What the transport offers for every device.</summary>
    public const ulong Transport = VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_VERSION_1;
}
