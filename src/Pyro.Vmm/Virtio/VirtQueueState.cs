namespace Pyro.Vmm.Virtio;

/// <summary>How far the device has come in a queue: all that guest memory does not hold itself.</summary>
/// <param name="NextAvailable">Index of the next entry of the available ring to take.</param>
/// <param name="NextUsed">Index of the next entry of the used ring to fill.</param>
public readonly record struct VirtQueueState(ushort NextAvailable, ushort NextUsed);
