using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Boot;

/// <summary>
/// The memory that every Linux boot writes to before it starts init. The host clears each page when it is first touched,
/// and a vCPU that touches it waits; another thread that comes before it clears the pages while the vCPU goes on.
/// </summary>
internal static class BootMemory
{
    private const ulong HugePage = 2UL << 20;

    // Where the kernel puts what it allocates when the array of pages is there: from the bottom up, below its own image.
    private const ulong LowStart = HugePage;
    private const ulong LowEnd = 14UL << 20;

    // Before that it allocates from the top down: the initramfs is there, then page tables and hash tables of about this
    // size, and the array of pages, 64 bytes for each 4096.
    private const ulong Tables = 6UL << 20;
    private const ulong PagesPerArrayPage = 64;

    internal static void Populate(GuestMemory memory)
    {
        MemoryRegion last = memory.Regions[^1];
        ulong end = last.Start.Value + last.Length;
        ulong bottom = end - Math.Min(last.Length / 2, memory.Size / PagesPerArrayPage + Tables);
        // One huge page a call, the uppermost first, as the kernel takes them.
        for (ulong at = end; at > bottom; at -= HugePage)
            memory.Populate(at - HugePage, at);
        for (ulong at = LowStart; at < Math.Min(LowEnd, memory.Size / 2); at += HugePage)
            memory.Populate(at, at + HugePage);
    }
}
