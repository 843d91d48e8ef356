using Pyro.Kvm.Native;

namespace Pyro.Vmm.Virtio;

/// <summary>The device status field (virtio 1.2, 2.1).</summary>
[Flags]
public enum VirtioStatus
{
    /// <summary>Writing it resets the device.</summary>
    None = 0,

    /// <summary>The guest has noticed the device.</summary>
    ACKNOWLEDGE = Uapi.VIRTIO_CONFIG_S_ACKNOWLEDGE,

    /// <summary>The guest knows how to drive it.</summary>
    DRIVER = Uapi.VIRTIO_CONFIG_S_DRIVER,

    /// <summary>The driver is set up: the device may work.</summary>
    DRIVER_OK = Uapi.VIRTIO_CONFIG_S_DRIVER_OK,

    /// <summary>Features are agreed on.</summary>
    FEATURES_OK = Uapi.VIRTIO_CONFIG_S_FEATURES_OK,

    /// <summary>The device met an error it cannot recover from.</summary>
    DEVICE_NEEDS_RESET = Uapi.VIRTIO_CONFIG_S_NEEDS_RESET,

    /// <summary>The guest has given up on the device.</summary>
    FAILED = Uapi.VIRTIO_CONFIG_S_FAILED,
}
