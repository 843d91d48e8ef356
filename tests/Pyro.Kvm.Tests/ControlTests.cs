using System.Buffers.Binary;
using Iced.Intel;
using Pyro.Kvm.Native;
using static Iced.Intel.AssemblerRegisters;

namespace Pyro.Kvm.Tests;

public sealed unsafe class ControlTests
{
    private const byte Vector = 0x31;
    private const ulong MsiToFirstCpu = 0xfee00000;
    private const uint UnknownMsr = 0x4711;

    [Fact]
    public void Single_steps_stop_after_each_instruction()
    {
        using var guest = new TestGuest(c =>
        {
            c.mov(ax, 1);
            c.mov(ax, 2);
            c.hlt();
        });
        guest.Vcpu.SetGuestDebug(new kvm_guest_debug { control = (uint)(Uapi.KVM_GUESTDBG_ENABLE | Uapi.KVM_GUESTDBG_SINGLESTEP) });

        guest.RunTo(Uapi.KVM_EXIT_DEBUG);
        Assert.Equal(1, (ushort)guest.Regs().rax);
        guest.RunTo(Uapi.KVM_EXIT_DEBUG);
        Assert.Equal(2, (ushort)guest.Regs().rax);
    }

    [Fact]
    public void Without_a_controller_an_interrupt_is_injected_by_hand()
    {
        using TestGuest guest = WithHandler(irqchip: false, Vector);
        Assert.Equal(1, guest.RunToPortWrite(0x80));

        guest.Vcpu.Interrupt(Vector);

        Assert.Equal(0xaa, guest.RunToPortWrite(0x81));
    }

    [Fact]
    public void A_non_maskable_interrupt_is_delivered()
    {
        using TestGuest guest = WithHandler(irqchip: true, vector: 2);
        Assert.Equal(1, guest.RunToPortWrite(0x80));

        guest.Vcpu.Nmi();

        Assert.Equal(0xaa, guest.RunToPortWrite(0x81));
    }

    [Fact]
    public void A_message_signalled_interrupt_is_delivered()
    {
        using TestGuest guest = WithHandler(irqchip: true, Vector);
        EnableLapic(guest);
        Assert.Equal(1, guest.RunToPortWrite(0x80));

        Assert.True(guest.Vm.SignalMsi(MsiToFirstCpu, Vector));

        Assert.Equal(0xaa, guest.RunToPortWrite(0x81));
    }

    [Fact]
    public void A_line_can_be_routed_to_a_message()
    {
        using TestGuest guest = WithHandler(irqchip: true, Vector);
        EnableLapic(guest);
        var route = new kvm_irq_routing_entry { gsi = 40, type = Uapi.KVM_IRQ_ROUTING_MSI };
        route.u.msi.address_lo = (uint)MsiToFirstCpu;
        route.u.msi.data = Vector;
        guest.Vm.SetGsiRouting([route]);
        using var trigger = new EventFd();
        guest.Vm.AddIrqfd(trigger, 40);
        Assert.Equal(1, guest.RunToPortWrite(0x80));

        trigger.Signal();

        Assert.Equal(0xaa, guest.RunToPortWrite(0x81));
    }

    [Fact]
    public void An_access_to_an_unknown_MSR_leaves_the_guest_when_asked_to()
    {
        using TestGuest guest = MsrReader();
        guest.Vm.EnableCapability(Uapi.KVM_CAP_X86_USER_SPACE_MSR, (ulong)Uapi.KVM_MSR_EXIT_REASON_UNKNOWN);
        kvm_run* run = guest.Vcpu.Shared;

        guest.RunTo(Uapi.KVM_EXIT_X86_RDMSR);

        Assert.Equal(UnknownMsr, run->msr.index);
        run->msr.data = 0x1234;
        guest.RunTo(Uapi.KVM_EXIT_HLT);
        Assert.Equal(0x1234u, (uint)guest.Regs().rax);
    }

    [Fact]
    public void An_access_to_an_MSR_that_a_filter_denies_leaves_the_guest_when_asked_to()
    {
        using TestGuest guest = MsrReader();
        guest.Vm.EnableCapability(Uapi.KVM_CAP_X86_USER_SPACE_MSR, (ulong)Uapi.KVM_MSR_EXIT_REASON_FILTER);
        ulong allowed = 0;
        var filter = new kvm_msr_filter { flags = (uint)Uapi.KVM_MSR_FILTER_DEFAULT_ALLOW };
        filter.ranges[0] = new kvm_msr_filter_range { flags = (uint)Uapi.KVM_MSR_FILTER_READ, @base = UnknownMsr, nmsrs = 1, bitmap = (byte*)&allowed };
        guest.Vm.SetMsrFilter(in filter);

        guest.RunTo(Uapi.KVM_EXIT_X86_RDMSR);

        Assert.Equal((ulong)Uapi.KVM_MSR_EXIT_REASON_FILTER, guest.Vcpu.Shared->msr.reason);
    }

    [Fact]
    public void Executing_where_there_is_no_memory_is_an_emulation_failure()
    {
        using var guest = new TestGuest(c => c.hlt());
        guest.Vm.EnableCapability(Uapi.KVM_CAP_EXIT_ON_EMULATION_FAILURE, 1);
        guest.Vcpu.GetSregs(out kvm_sregs sregs);
        sregs.cs.@base = 0x80000;
        sregs.cs.selector = 0x8000;
        guest.Vcpu.SetSregs(in sregs);

        guest.RunTo(Uapi.KVM_EXIT_INTERNAL_ERROR);

        Assert.Equal((uint)Uapi.KVM_INTERNAL_ERROR_EMULATION, guest.Vcpu.Shared->@internal.suberror);
    }

    [Fact]
    public void A_second_vcpu_waits_to_be_started()
    {
        using var guest = new TestGuest(c => c.hlt(), irqchip: true);
        using KvmVcpu second = guest.Vm.CreateVcpu(1);

        second.GetMpState(out kvm_mp_state state);
        Assert.Equal((uint)Uapi.KVM_MP_STATE_UNINITIALIZED, state.mp_state);
        second.ImmediateExit = true;
        Assert.Equal(VcpuRunResult.Interrupted, second.Run());
        Assert.Equal(1, second.Id);
    }

    // Says 1 on port 0x80, then lets interrupts in; the handler writes 0xaa to port 0x81.
    private static TestGuest WithHandler(bool irqchip, byte vector)
    {
        var guest = new TestGuest(
            c =>
            {
                c.mov(al, 1);
                c.sti();
                c.@out(0x80, al);
                var forever = c.CreateLabel();
                c.Label(ref forever);
                c.nop();
                c.jmp(forever);
            },
            irqchip);
        guest.Load(0x3000, c =>
        {
            c.mov(al, 0xaa);
            c.@out(0x81, al);
            c.iret();
        });
        BinaryPrimitives.WriteUInt32LittleEndian(guest.Memory[(vector * 4)..], 0x3000);
        return guest;
    }

    private static TestGuest MsrReader() => new(c =>
    {
        c.mov(ecx, UnknownMsr);
        c.rdmsr();
        c.hlt();
    });

    private static void EnableLapic(TestGuest guest)
    {
        const int SpuriousVector = 0xf0;
        guest.Vcpu.GetLapic(out kvm_lapic_state lapic);
        lapic.regs[SpuriousVector + 1] |= 1;
        guest.Vcpu.SetLapic(in lapic);
    }
}
