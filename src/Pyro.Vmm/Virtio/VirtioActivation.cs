using Pyro.Kvm;
using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Virtio;

/// <summary>What a device gets when its driver is ready.</summary>
public sealed class VirtioActivation
{
    /// <summary>The guest's memory.</summary>
    public required GuestMemory Memory { get; init; }

    /// <summary>The features both sides agreed on.</summary>
    public required ulong Features { get; init; }

    /// <summary>One queue for each of <see cref="VirtioDevice.QueueMaxSizes"/>; null where the driver made none.</summary>
    public required IReadOnlyList<VirtQueue?> Queues { get; init; }

    /// <summary>For each queue, what the driver's notifications arrive on.</summary>
    public required IReadOnlyList<EventFd> Notifiers { get; init; }

    /// <summary>Where the device counts what wakes it.</summary>
    public required VirtioCounters Counters { get; init; }

    /// <summary>The way back to the driver.</summary>
    public required IVirtioTransport Transport { get; init; }

    /// <summary>Whether both sides agreed on a feature.</summary>
    public bool Has(ulong feature) => (Features & feature) != 0;
}
