using Pyro.Vmm.Memory;

namespace Pyro.Bench;

/// <summary>
/// Takes the memory that the last run gave back, has the kernel clear it, and gives it back again. On an emulated processor
/// clearing a page that held code costs the emulator each translation of that code, and whoever got the page next would
/// pay for what the other side left: twenty thousand translations of a guest, a quarter of a run.
/// </summary>
internal static class FreedMemory
{
    private const ulong Bytes = 512 << 20;

    internal static void Clear()
    {
        // Guests' memory is what it must meet: huge pages, as far as there are any.
        using GuestMemory memory = GuestMemory.Create(Bytes);
        for (ulong at = 0; at < Bytes; at += GuestMemory.PageSize)
            memory.TryWrite(new GuestAddress(at), (byte)1);
    }
}
