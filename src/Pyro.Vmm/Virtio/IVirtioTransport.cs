namespace Pyro.Vmm.Virtio;

/// <summary>What a device may ask of the transport it sits behind. Called on any thread; none takes a lock that a vCPU holds.</summary>
public interface IVirtioTransport
{
    /// <summary>Sends a used buffer notification. <see cref="VirtQueue.NotifyUsed"/> knows whether the driver wants one.</summary>
    void SignalUsed();

    /// <summary>Sends a configuration change notification, after the device changed what <see cref="VirtioDevice.ReadConfig"/> gives.</summary>
    void SignalConfigChange();

    /// <summary>Sets DEVICE_NEEDS_RESET and tells the driver: the device does nothing more until it is reset (virtio 1.2, 2.1.2).</summary>
    /// <param name="reason">For the log.</param>
    void SetNeedsReset(string reason);
}
