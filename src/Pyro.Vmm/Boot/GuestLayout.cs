using Pyro.Vmm.Memory;
using Pyro.Vmm.Virtio;

namespace Pyro.Vmm.Boot;

/// <summary>Where the boot code puts things in guest-physical memory; all below 1 MiB except the kernel and its initramfs.</summary>
internal static class GuestLayout
{
    internal static readonly GuestAddress Gdt = new(0x500);
    internal static readonly GuestAddress PvhStartInfo = new(0x6000);
    internal static readonly GuestAddress PvhModule = new(0x6040);
    internal static readonly GuestAddress PvhMemoryMap = new(0x6080);
    internal static readonly GuestAddress BootParams = new(0x7000);
    internal static readonly GuestAddress BootStack = new(0x8ff0);
    internal static readonly GuestAddress Pml4 = new(0x9000);
    internal static readonly GuestAddress Pdpt = new(0xa000);
    internal static readonly GuestAddress PageDirectory = new(0xb000);
    internal static readonly GuestAddress SetupData = new(0x1f000);
    internal static readonly GuestAddress CommandLine = new(0x20000);

    /// <summary>The kernel's own limit (COMMAND_LINE_SIZE on x86), the final NUL included.</summary>
    internal const int CommandLineSize = 2048;

    /// <summary>End of conventional memory; the MP table lives in the last KiB below 640 KiB, where Linux looks for it.</summary>
    internal static readonly GuestAddress MpTable = new(0x9fc00);
    internal const uint MpTableSize = 0x400;

    internal static readonly GuestAddress HighMemory = new(0x100000);

    internal const ulong IoApic = 0xfec00000;
    internal const ulong LocalApic = 0xfee00000;

    /// <summary>Three pages that Intel's VMX needs for real mode; unused address space elsewhere.</summary>
    internal const ulong Tss = 0xfffbd000;
    internal const ulong IdentityMap = 0xfffbc000;

    internal const ulong VirtioMmio = 0xd0000000;
    internal const uint FirstVirtioIrq = 5;
    internal const uint IoApicPins = 24;

    /// <summary>Where a virtio device's registers begin.</summary>
    internal static ulong VirtioRegisters(int device) => VirtioMmio + ((ulong)device * RegisterWindow.Length);
}
