using System.Buffers.Binary;
using Pyro.Kvm.Native;
using static Iced.Intel.AssemblerRegisters;

namespace Pyro.Kvm.Tests;

public sealed unsafe class RunTests
{
    [Fact]
    public void Port_writes_and_reads_leave_the_guest()
    {
        using var guest = new TestGuest(c =>
        {
            c.mov(al, 0x42);
            c.@out(0x10, al);
            c.@in(al, 0x11);
            c.@out(0x12, al);
            c.hlt();
        });

        Assert.Equal(0x42, guest.RunToPortWrite(0x10));
        guest.RunTo(Uapi.KVM_EXIT_IO);
        kvm_run* run = guest.Vcpu.Shared;
        Assert.Equal(Uapi.KVM_EXIT_IO_IN, run->io.direction);
        *((byte*)run + run->io.data_offset) = 0x99;
        Assert.Equal(0x99, guest.RunToPortWrite(0x12));
        guest.RunTo(Uapi.KVM_EXIT_HLT);
    }

    [Fact]
    public void Repeated_string_output_carries_all_its_data()
    {
        using var guest = new TestGuest(c =>
        {
            c.cld();
            c.mov(si, 0x2000);
            c.mov(cx, 5);
            c.mov(dx, 0x3f8);
            c.rep.outsb();
            c.hlt();
        });
        "hello"u8.CopyTo(guest.Memory[0x2000..]);
        List<byte> written = [];

        while (written.Count < 5)
        {
            guest.RunTo(Uapi.KVM_EXIT_IO);
            kvm_run* run = guest.Vcpu.Shared;
            Assert.Equal(0x3f8, run->io.port);
            written.AddRange(new ReadOnlySpan<byte>((byte*)run + run->io.data_offset, (int)(run->io.size * run->io.count)));
        }

        Assert.Equal("hello"u8, written.ToArray());
        guest.RunTo(Uapi.KVM_EXIT_HLT);
    }

    [Fact]
    public void Accesses_outside_memory_are_MMIO()
    {
        using var guest = new TestGuest(c =>
        {
            c.mov(ax, 0x2000);
            c.mov(ds, ax);
            c.mov(bx, 0x10);
            c.mov(eax, 0x12345678);
            c.mov(__[bx], eax);
            c.mov(ax, __[bx + 4]);
            c.hlt();
        });
        kvm_run* run = guest.Vcpu.Shared;

        guest.RunTo(Uapi.KVM_EXIT_MMIO);
        Assert.Equal((0x20010ul, 4u, 1), (run->mmio.phys_addr, run->mmio.len, run->mmio.is_write));
        Assert.Equal(0x12345678u, BinaryPrimitives.ReadUInt32LittleEndian(run->mmio.data));
        guest.RunTo(Uapi.KVM_EXIT_MMIO);
        Assert.Equal((0x20014ul, 2u, 0), (run->mmio.phys_addr, run->mmio.len, run->mmio.is_write));
        BinaryPrimitives.WriteUInt16LittleEndian(run->mmio.data, 0xbeef);
        guest.RunTo(Uapi.KVM_EXIT_HLT);
        Assert.Equal(0xbeef, (ushort)guest.Regs().rax);
    }

    [Fact]
    public void A_guest_computes_in_its_registers_and_memory()
    {
        using var guest = new TestGuest(c =>
        {
            c.mov(cx, 10);
            c.xor(ax, ax);
            var loop = c.CreateLabel();
            c.Label(ref loop);
            c.add(ax, cx);
            c.dec(cx);
            c.jnz(loop);
            c.mov(bx, 0x2000);
            c.mov(__[bx], ax);
            c.hlt();
        });

        guest.RunTo(Uapi.KVM_EXIT_HLT);

        Assert.Equal(55, (ushort)guest.Regs().rax);
        Assert.Equal(55, BinaryPrimitives.ReadUInt16LittleEndian(guest.Memory[0x2000..]));
    }

    [Fact]
    public void A_triple_fault_is_a_shutdown()
    {
        using var guest = new TestGuest(c => c.ud2());
        // In protected mode, where an interrupt table without entries means a fault in every fault.
        guest.Vcpu.GetSregs(out kvm_sregs sregs);
        sregs.cr0 |= Uapi.X86_CR0_PE;
        sregs.cs = new kvm_segment { selector = 8, limit = uint.MaxValue, type = 0xb, present = 1, db = 1, s = 1, g = 1 };
        sregs.ss = new kvm_segment { selector = 16, limit = uint.MaxValue, type = 3, present = 1, db = 1, s = 1, g = 1 };
        sregs.ds = sregs.es = sregs.ss;
        sregs.idt.limit = 0;
        guest.Vcpu.SetSregs(in sregs);

        guest.RunTo(Uapi.KVM_EXIT_SHUTDOWN);
    }

    [Fact]
    public void Running_allocates_nothing()
    {
        using var guest = new TestGuest(c =>
        {
            var loop = c.CreateLabel();
            c.Label(ref loop);
            c.@out(0x10, al);
            c.jmp(loop);
        });
        _ = guest.Vcpu.Run();
        guest.Vcpu.ImmediateExit = true;
        _ = guest.Vcpu.Run();
        guest.Vcpu.ImmediateExit = false;

        Assert.Equal(0, Allocations.Of(() =>
        {
            for (int i = 0; i < 100; i++)
            {
                _ = guest.Vcpu.Run();
                guest.Vcpu.ImmediateExit = (i & 1) == 0;
            }
        }));
    }

    [Fact]
    public void A_closed_vcpu_has_no_shared_area_and_does_not_run()
    {
        using var guest = new TestGuest(c => c.hlt());
        guest.Vcpu.Dispose();

        Assert.True(guest.Vcpu.Shared is null);
        Assert.Throws<ObjectDisposedException>(() => guest.Vcpu.Run());
    }
}
