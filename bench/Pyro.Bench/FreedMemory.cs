using Pyro.Kvm;
using Pyro.Kvm.Native;

namespace Pyro.Bench;

/// <summary>
/// Takes the memory that the last run gave back, has the kernel clear it, and gives it back again. On an emulated processor
/// clearing a page that held code costs the emulator each translation of that code, and whoever got the page next would
/// pay for what the other side left: twenty thousand translations of a guest, a quarter of a run.
/// </summary>
internal static unsafe class FreedMemory
{
    private const nuint Bytes = 512 << 20;
    private const nuint PageSize = 4096;

    internal static void Clear()
    {
        void* memory = Libc.mmap(null, Bytes, Uapi.PROT_READ | Uapi.PROT_WRITE, Uapi.MAP_PRIVATE | Uapi.MAP_ANONYMOUS | Uapi.MAP_NORESERVE, -1, 0);
        if ((nint)memory == -1)
            throw LinuxException.Last("mmap", "memory between two runs");
        _ = Libc.madvise(memory, Bytes, Uapi.MADV_HUGEPAGE);
        // SAFETY: every write is inside the mapping.
        for (nuint at = 0; at < Bytes; at += PageSize)
            ((byte*)memory)[at] = 1;
        _ = Libc.munmap(memory, Bytes);
    }
}
