using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Boot;

/// <summary>One range of the memory map that the guest is told (e820 and PVH use the same types).</summary>
internal readonly record struct MemoryMapEntry(ulong Start, ulong Length, uint Type)
{
    internal const uint Ram = 1;
    internal const uint Reserved = 2;
}

/// <summary>What of guest-physical memory the kernel may use.</summary>
internal static class MemoryMap
{
    internal static List<MemoryMapEntry> Of(GuestMemory memory)
    {
        List<MemoryMapEntry> map =
        [
            new(0, GuestLayout.MpTable.Value, MemoryMapEntry.Ram),
            new(GuestLayout.MpTable.Value, GuestLayout.MpTableSize, MemoryMapEntry.Reserved),
        ];
        foreach (MemoryRegion region in memory.Regions)
        {
            ulong start = Math.Max(region.Start.Value, GuestLayout.HighMemory.Value);
            ulong end = region.Start.Value + region.Length;
            if (end > start)
            {
                map.Add(new(start, end - start, MemoryMapEntry.Ram));
            }
        }

        return map;
    }
}
