using Pyro.Benchmarks;

namespace Pyro.Bench;

/// <summary>What a machine's process costs beside the guest's memory, in KiB of pages that no other process shares.</summary>
internal sealed record MemoryReport(int Runs, int VcpuCount, int MemMib, Distribution VmmPrivateDirtyKib, Distribution VmmRestoredPrivateDirtyKib);
