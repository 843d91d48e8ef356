using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Pyro.Kvm.Native;

namespace Pyro.Kvm.Tests;

public sealed unsafe class StateTests
{
    [Fact]
    public void General_registers_are_set_and_got()
    {
        using var guest = new TestGuest(c => c.hlt(), irqchip: true);
        var regs = new kvm_regs { rax = 0x1122334455667788, r15 = ulong.MaxValue, rip = 0x1234, rflags = 0x246 };

        guest.Vcpu.SetRegs(in regs);

        Assert.Equal(Bytes(in regs), Bytes(guest.Regs()));
    }

    [Fact]
    public void Special_registers_are_set_and_got()
    {
        using var guest = new TestGuest(c => c.hlt(), irqchip: true);
        guest.Vcpu.GetSregs(out kvm_sregs sregs);
        sregs.cr2 = 0xdead000;
        sregs.gdt.@base = 0x4000;
        sregs.gdt.limit = 0x17;

        guest.Vcpu.SetSregs(in sregs);

        guest.Vcpu.GetSregs(out kvm_sregs now);
        Assert.Equal(Bytes(in sregs), Bytes(in now));
    }

    [Fact]
    public void Each_kind_of_state_can_be_put_back_as_it_was_got()
    {
        using var guest = new TestGuest(c => c.hlt(), irqchip: true);
        KvmVcpu vcpu = guest.Vcpu;

        RoundTrip<kvm_fpu>(vcpu.GetFpu, vcpu.SetFpu);
        RoundTrip<kvm_xcrs>(vcpu.GetXcrs, vcpu.SetXcrs);
        RoundTrip<kvm_lapic_state>(vcpu.GetLapic, vcpu.SetLapic);
        RoundTrip<kvm_mp_state>(vcpu.GetMpState, vcpu.SetMpState);
        RoundTrip<kvm_vcpu_events>(vcpu.GetVcpuEvents, vcpu.SetVcpuEvents);
        RoundTrip<kvm_debugregs>(vcpu.GetDebugRegs, vcpu.SetDebugRegs);
        RoundTrip<kvm_sregs2>(vcpu.GetSregs2, vcpu.SetSregs2);
    }

    [Fact]
    public void SSE_registers_travel_in_the_XSAVE_area()
    {
        const int Xmm0 = 160;
        const int XstateBv = 512;
        using var guest = new TestGuest(c => c.hlt());
        byte[] area = new byte[guest.Vcpu.XsaveSize];
        guest.Vcpu.GetXsave2(area);
        area[Xmm0] = 0x5a;
        area[XstateBv] |= 3;

        guest.Vcpu.SetXsave2(area);

        guest.Vcpu.GetXsave(out kvm_xsave now);
        Assert.Equal(0x5a, Bytes(in now)[Xmm0]);
        guest.Vcpu.GetFpu(out kvm_fpu fpu);
        Assert.Equal(0x5a, fpu.xmm[0][0]);
    }

    [Fact]
    public void An_XSAVE_area_that_is_too_short_is_refused()
    {
        using var guest = new TestGuest(c => c.hlt());

        Assert.Throws<ArgumentOutOfRangeException>(() => guest.Vcpu.GetXsave2(new byte[guest.Vcpu.XsaveSize - 1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => guest.Vcpu.SetXsave2(new byte[100]));
    }

    [Fact]
    public void MSRs_are_set_and_got()
    {
        const uint Lstar = 0xc0000082;
        const uint SysenterEip = 0x176;
        using var guest = new TestGuest(c => c.hlt());

        guest.Vcpu.SetMsr(Lstar, 0xffffffff81000000);
        Assert.Equal(1, guest.Vcpu.SetMsrs([new kvm_msr_entry { index = SysenterEip, data = 0x1000 }]));

        kvm_msr_entry[] entries = [new kvm_msr_entry { index = SysenterEip }, new kvm_msr_entry { index = Lstar }];
        Assert.Equal(2, guest.Vcpu.GetMsrs(entries));
        Assert.Equal([0x1000, 0xffffffff81000000], entries.Select(entry => entry.data));
        Assert.Equal(0x1000ul, guest.Vcpu.GetMsr(SysenterEip));
    }

    [Fact]
    public void Cpuid_is_got_as_it_was_set()
    {
        using var guest = new TestGuest(c => c.hlt());

        Assert.Contains(guest.Vcpu.GetCpuid(), entry => entry.function == Uapi.KVM_CPUID_SIGNATURE);
    }

    [Fact]
    public void The_clock_is_set_and_goes_on()
    {
        using var guest = new TestGuest(c => c.hlt());
        const ulong Hour = 3_600_000_000_000;

        guest.Vm.SetClock(new kvm_clock_data { clock = Hour });

        Assert.InRange(guest.Vm.GetClock().clock, Hour, 2 * Hour);
    }

    [Theory]
    [InlineData(Uapi.KVM_IRQCHIP_PIC_MASTER)]
    [InlineData(Uapi.KVM_IRQCHIP_PIC_SLAVE)]
    [InlineData(Uapi.KVM_IRQCHIP_IOAPIC)]
    public void An_interrupt_controller_can_be_put_back_as_it_was_got(int chip)
    {
        using var guest = new TestGuest(c => c.hlt(), irqchip: true);
        kvm_irqchip state = guest.Vm.GetIrqchip((uint)chip);
        if (chip == Uapi.KVM_IRQCHIP_IOAPIC)
        {
            state.chip.ioapic.redirtbl[7].fields.vector = 0x31;
            state.chip.ioapic.redirtbl[7].fields.trig_mode = 1;
        }
        else
        {
            state.chip.pic.imr = 0xa5;
        }

        guest.Vm.SetIrqchip(in state);

        Assert.Equal(Bytes(in state), Bytes(guest.Vm.GetIrqchip((uint)chip)));
    }

    [Fact]
    public void The_timer_can_be_put_back_as_it_was_got()
    {
        using var guest = new TestGuest(c => c.hlt(), irqchip: true);
        guest.Vm.CreatePit2(Uapi.KVM_PIT_SPEAKER_DUMMY);
        guest.Vm.SetPitReinject(false);
        kvm_pit_state2 state = guest.Vm.GetPit2();
        state.channels[2].count = 1193;

        guest.Vm.SetPit2(in state);

        Assert.Equal(1193u, guest.Vm.GetPit2().channels[2].count);
    }

    [Fact]
    public void The_frequency_of_the_time_stamp_counter_is_known()
    {
        using var guest = new TestGuest(c => c.hlt());

        Assert.InRange(guest.Vcpu.TscKhz, 100_000, 10_000_000);
    }

    [Fact]
    public void A_guest_without_kvmclock_need_not_be_told_that_it_was_paused()
    {
        using var guest = new TestGuest(c => c.hlt());

        Assert.False(guest.Vcpu.TryNotifyPaused());
    }

    [Fact]
    public void Without_paging_an_address_is_its_own_translation()
    {
        using var guest = new TestGuest(c => c.hlt());

        Assert.Equal(0x1234ul, guest.Vcpu.Translate(0x1234));
    }

    private delegate void Get<T>(out T state);

    private delegate void Set<T>(in T state);

    private static void RoundTrip<T>(Get<T> get, Set<T> set)
        where T : unmanaged
    {
        get(out T before);
        set(in before);
        get(out T after);
        Assert.True(Bytes(in before).SequenceEqual(Bytes(in after)), typeof(T).Name);
    }

    private static byte[] Bytes<T>(in T value)
        where T : unmanaged =>
        MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)).ToArray();
}
