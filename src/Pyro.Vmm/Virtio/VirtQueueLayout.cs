using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Virtio;

/// <summary>Where a driver put a split queue (virtio 1.2, 2.7).</summary>
/// <param name="Size">Entries, a power of two.</param>
/// <param name="DescriptorArea">The descriptor table, 16 bytes aligned.</param>
/// <param name="DriverArea">The available ring, 2 bytes aligned.</param>
/// <param name="DeviceArea">The used ring, 4 bytes aligned.</param>
public readonly record struct VirtQueueLayout(ushort Size, GuestAddress DescriptorArea, GuestAddress DriverArea, GuestAddress DeviceArea);
