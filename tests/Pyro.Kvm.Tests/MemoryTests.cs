using Pyro.Kvm.Native;
using static Iced.Intel.AssemblerRegisters;

namespace Pyro.Kvm.Tests;

public sealed unsafe class MemoryTests
{
    [Fact]
    public void A_second_slot_is_memory_and_its_removal_makes_it_MMIO()
    {
        using var guest = new TestGuest(c =>
        {
            c.mov(ax, 0x2000);
            c.mov(ds, ax);
            c.xor(bx, bx);
            c.mov(__[bx], ax);
            c.@out(0x10, al);
            c.mov(__[bx], ax);
            c.hlt();
        });
        void* more = Libc.mmap(null, 4096, Uapi.PROT_READ | Uapi.PROT_WRITE, Uapi.MAP_PRIVATE | Uapi.MAP_ANONYMOUS, -1, 0);
        guest.Vm.SetMemoryRegion(1, 0x20000, 4096, more);

        guest.RunTo(Uapi.KVM_EXIT_IO);
        Assert.Equal(0x2000, *(ushort*)more);
        guest.Vm.SetMemoryRegion(1, 0x20000, 0, more);
        guest.RunTo(Uapi.KVM_EXIT_MMIO);

        Assert.Equal(0x20000ul, guest.Vcpu.Shared->mmio.phys_addr);
        Assert.Equal(0, Libc.munmap(more, 4096));
    }

    [Fact]
    public void Writes_to_a_read_only_slot_leave_the_guest()
    {
        using var guest = new TestGuest(c =>
        {
            c.mov(ax, 0x2000);
            c.mov(ds, ax);
            c.xor(bx, bx);
            c.mov(ax, __[bx]);
            c.mov(__[bx], ax);
            c.hlt();
        });
        void* more = Libc.mmap(null, 4096, Uapi.PROT_READ | Uapi.PROT_WRITE, Uapi.MAP_PRIVATE | Uapi.MAP_ANONYMOUS, -1, 0);
        *(ushort*)more = 0x5151;
        guest.Vm.SetMemoryRegion(1, 0x20000, 4096, more, (uint)Uapi.KVM_MEM_READONLY);

        guest.RunTo(Uapi.KVM_EXIT_MMIO);

        Assert.Equal(1, guest.Vcpu.Shared->mmio.is_write);
        Assert.Equal(0x5151, (ushort)guest.Regs().rax);
        guest.RunTo(Uapi.KVM_EXIT_HLT);
        Assert.Equal(0, Libc.munmap(more, 4096));
    }

    [Fact]
    public void The_dirty_log_has_the_pages_that_the_guest_wrote_to()
    {
        using var guest = new TestGuest(
            c =>
            {
                c.mov(bx, 0x5000);
                c.mov(__[bx], ax);
                c.mov(bx, 0x9000);
                c.mov(__[bx], ax);
                c.hlt();
            },
            slotFlags: (uint)Uapi.KVM_MEM_LOG_DIRTY_PAGES);
        guest.RunTo(Uapi.KVM_EXIT_HLT);
        ulong[] bitmap = [0];

        guest.Vm.GetDirtyLog(0, bitmap);
        // A page that was only read or executed may be counted too, where the CPU's page tables let it be written to.
        const ulong Written = (1ul << 5) | (1ul << 9);
        const ulong Code = 1ul << (TestGuest.CodeAddress >> 12);
        Assert.Equal(Written, bitmap[0] & ~Code);
        guest.Vm.GetDirtyLog(0, bitmap);
        Assert.Equal(0ul, bitmap[0]);
    }
}
