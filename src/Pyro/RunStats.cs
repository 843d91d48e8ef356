using Pyro.Vmm;

namespace Pyro;

/// <summary>What a run's machine has done by the end of its command.</summary>
/// <param name="Exits">How often its vCPUs left the guest for the VMM.</param>
/// <param name="Devices">Its virtio devices, in the order of their addresses.</param>
/// <param name="MemoryKib">The memory of its process; null where the host hides processes from their own user.</param>
public sealed record RunStats(ExitCounts Exits, IReadOnlyList<DeviceCounts> Devices, MachineMemory? MemoryKib);
