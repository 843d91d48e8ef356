namespace Pyro.Vmm;

/// <summary>What a machine has done since its process started. Each number is a moment old at most.</summary>
/// <param name="Exits">How often its vCPUs left the guest for the VMM, all of them together.</param>
/// <param name="Devices">Its virtio devices, in the order of their addresses.</param>
public sealed record MachineCounters(ExitCounts Exits, IReadOnlyList<DeviceCounts> Devices);

/// <summary>How often vCPUs left the guest for the VMM; what KVM does by itself is not in it.</summary>
/// <param name="Port">Port I/O, as by the serial console.</param>
/// <param name="Mmio">Accesses to device registers, nearly all of them writes; queue notifications and acknowledgements of interrupts stay within KVM.</param>
/// <param name="Interrupted">Signals and retries: the VMM itself wanted the vCPU's attention.</param>
public sealed record ExitCounts(long Port, long Mmio, long Interrupted);

/// <summary>What a virtio device and its driver had to say to each other.</summary>
/// <param name="Device">Its type, as <c>block</c>.</param>
/// <param name="Notifications">How often the driver woke the device's thread; what arrives while that works is no wake-up.</param>
/// <param name="Interrupts">How often the device interrupted the guest.</param>
public sealed record DeviceCounts(string Device, long Notifications, long Interrupts);
