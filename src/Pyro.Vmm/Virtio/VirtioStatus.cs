namespace Pyro.Vmm.Virtio;

/// <summary>The device status field (virtio 1.2, 2.1).</summary>
[Flags]
public enum VirtioStatus
{
    /// <summary>Writing it resets the device.</summary>
    None = 0,

    /// <summary>The guest has noticed the device.</summary>
    ACKNOWLEDGE = 1,

    /// <summary>The guest knows how to drive it.</summary>
    DRIVER = 2,

    /// <summary>The driver is set up: the device may work.</summary>
    DRIVER_OK = 4,

    /// <summary>Features are agreed on.</summary>
    FEATURES_OK = 8,

    /// <summary>The device met an error it cannot recover from.</summary>
    DEVICE_NEEDS_RESET = 64,

    /// <summary>The guest has given up on the device.</summary>
    FAILED = 128,
}
