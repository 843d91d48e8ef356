using System.Buffers.Binary;
using Pyro.Kvm;
using Pyro.Kvm.Native;
using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Boot;

/// <summary>Puts the first vCPU where a boot protocol wants it. The others wait for the guest's INIT and SIPI, as KVM creates them.</summary>
internal static class CpuState
{
    private const ulong Cr0ProtectionEnable = 1;
    private const ulong Cr0ExtensionType = 1 << 4;
    private const ulong Cr0Paging = 1UL << 31;
    private const ulong Cr4PhysicalAddressExtension = 1 << 5;
    private const ulong EferLongModeEnable = 1 << 8;
    private const ulong EferLongModeActive = 1 << 10;
    private const ulong RflagsReserved = 2;

    private const ulong PresentWritable = 0b11;
    private const ulong HugePage = 1 << 7;

    private const byte CodeExecuteRead = 0b1011;
    private const byte DataReadWrite = 0b0011;
    private const byte BusyTss = 0b1011;

    // Linux's __BOOT_CS and __BOOT_DS, which both protocols' kernels reload from.
    private const ushort CodeSelector = 0x10;
    private const ushort DataSelector = 0x18;
    private const ushort TssSelector = 0x20;

    internal static void Prepare(KvmVcpu vcpu, GuestMemory memory, BootEntry entry)
    {
        bool longMode = entry.Protocol == BootProtocol.Linux64;
        vcpu.GetSregs(out kvm_sregs sregs);
        SetSegments(ref sregs, longMode);
        WriteGdt(memory, ref sregs, longMode);
        if (longMode)
        {
            WriteIdentityMap(memory);
            sregs.cr3 = GuestLayout.Pml4.Value;
            sregs.cr4 = Cr4PhysicalAddressExtension;
            sregs.cr0 = Cr0ProtectionEnable | Cr0ExtensionType | Cr0Paging;
            sregs.efer = EferLongModeEnable | EferLongModeActive;
        }
        else
        {
            sregs.cr0 = Cr0ProtectionEnable | Cr0ExtensionType;
            sregs.cr4 = 0;
            sregs.efer = 0;
        }

        vcpu.SetSregs(sregs);
        vcpu.SetRegs(new kvm_regs
        {
            rip = entry.Entry,
            rflags = RflagsReserved,
            rsp = GuestLayout.BootStack.Value,
            rsi = longMode ? GuestLayout.BootParams.Value : 0,
            rbx = longMode ? 0 : GuestLayout.PvhStartInfo.Value,
        });
    }

    private static void SetSegments(ref kvm_sregs sregs, bool longMode)
    {
        kvm_segment code = Segment(CodeSelector, CodeExecuteRead);
        code.l = (byte)(longMode ? 1 : 0);
        code.db = (byte)(longMode ? 0 : 1);
        kvm_segment data = Segment(DataSelector, DataReadWrite);
        sregs.cs = code;
        sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data;
        sregs.tr = Segment(TssSelector, BusyTss);
        sregs.tr.limit = 0x67;
        sregs.tr.s = 0;
        sregs.tr.g = 0;
        sregs.tr.db = 0;
    }

    private static kvm_segment Segment(ushort selector, byte type) =>
        new() { selector = selector, type = type, limit = 0xffffffff, present = 1, s = 1, g = 1, db = 1 };

    private static void WriteGdt(GuestMemory memory, ref kvm_sregs sregs, bool longMode)
    {
        const int entries = 5;
        Span<byte> gdt = memory.GetSpan(GuestLayout.Gdt, entries * 8);
        gdt.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(gdt[CodeSelector..], longMode ? 0x00af9b000000ffffUL : 0x00cf9b000000ffffUL);
        BinaryPrimitives.WriteUInt64LittleEndian(gdt[DataSelector..], 0x00cf93000000ffffUL);
        BinaryPrimitives.WriteUInt64LittleEndian(gdt[TssSelector..], 0x00008b0000000067UL);
        sregs.gdt.@base = GuestLayout.Gdt.Value;
        sregs.gdt.limit = entries * 8 - 1;
        sregs.idt.@base = 0;
        sregs.idt.limit = 0;
    }

    /// <summary>Maps the first GiB to itself in 2 MiB pages; the kernel builds its own tables before it needs more.</summary>
    private static void WriteIdentityMap(GuestMemory memory)
    {
        const int entries = 512;
        memory.TryWrite(GuestLayout.Pml4, GuestLayout.Pdpt.Value | PresentWritable);
        memory.TryWrite(GuestLayout.Pdpt, GuestLayout.PageDirectory.Value | PresentWritable);
        Span<byte> directory = memory.GetSpan(GuestLayout.PageDirectory, entries * 8);
        for (int i = 0; i < entries; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(directory[(i * 8)..], ((ulong)i << 21) | PresentWritable | HugePage);
        }
    }
}
