namespace Pyro.Vmm.Memory;

/// <summary>One contiguous stretch of guest memory and where it lies in this process.</summary>
/// <param name="Start">First guest-physical address.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Host">First host address.</param>
public readonly record struct MemoryRegion(GuestAddress Start, ulong Length, nint Host);
