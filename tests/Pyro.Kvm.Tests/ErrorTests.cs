using Pyro.Kvm.Native;

namespace Pyro.Kvm.Tests;

public sealed unsafe class ErrorTests
{
    [Fact]
    public void Slots_that_overlap_are_refused_with_call_place_and_errno()
    {
        using var guest = new TestGuest(c => c.hlt());

        KvmException error = Assert.Throws<KvmException>(() => guest.Vm.SetMemoryRegion(1, 0x1000, 0x1000, guest.Host));

        Assert.Equal("KVM_SET_USER_MEMORY_REGION on vm, slot 1 at 0x1000 of 0x1000 bytes: EEXIST (File exists)", error.Message);
        Assert.Equal("KVM_SET_USER_MEMORY_REGION", error.Ioctl);
        Assert.Equal(Uapi.EEXIST, error.Errno);
    }

    [Fact]
    public void A_slot_off_a_page_is_refused() =>
        Refused("KVM_SET_USER_MEMORY_REGION", Uapi.EINVAL, guest => guest.Vm.SetMemoryRegion(1, 0x20001, 0x1000, guest.Host));

    [Fact]
    public void A_vcpu_number_that_is_taken_is_refused() =>
        Refused("KVM_CREATE_VCPU", Uapi.EEXIST, guest => guest.Vm.CreateVcpu(0));

    [Fact]
    public void An_unknown_capability_is_refused() =>
        Refused("KVM_ENABLE_CAP", Uapi.EINVAL, guest => guest.Vm.EnableCapability(0x7fffffff));

    [Fact]
    public void An_ioeventfd_of_odd_length_is_refused()
    {
        using var target = new EventFd();
        Refused("KVM_IOEVENTFD", Uapi.EINVAL, guest => guest.Vm.AddIoEventFd(target, IoBus.Mmio, 0x20000, 3));
    }

    [Fact]
    public void Removing_an_ioeventfd_that_is_not_there_is_refused()
    {
        using var target = new EventFd();
        Refused("KVM_IOEVENTFD", Uapi.ENOENT, guest => guest.Vm.RemoveIoEventFd(target, IoBus.Port, 0x500, 2));
    }

    [Fact]
    public void An_irqfd_on_two_lines_is_refused()
    {
        using var trigger = new EventFd();
        Refused(
            "KVM_IRQFD",
            Uapi.EBUSY,
            guest =>
            {
                guest.Vm.AddIrqfd(trigger, 5);
                guest.Vm.AddIrqfd(trigger, 6);
            },
            irqchip: true);
    }

    [Fact]
    public void A_dirty_log_of_a_slot_that_is_not_there_is_refused() =>
        Refused("KVM_GET_DIRTY_LOG", Uapi.ENOENT, guest => guest.Vm.GetDirtyLog(9, new ulong[1]));

    [Fact]
    public void A_register_that_cannot_be_set_is_refused() =>
        Refused("KVM_SET_SREGS", Uapi.EINVAL, guest =>
        {
            guest.Vcpu.GetSregs(out kvm_sregs sregs);
            sregs.cr4 = ulong.MaxValue;
            guest.Vcpu.SetSregs(in sregs);
        });

    [Fact]
    public void An_unknown_MSR_is_named()
    {
        using var guest = new TestGuest(c => c.hlt());

        KvmException error = Assert.Throws<KvmException>(() => guest.Vcpu.GetMsr(0xdeadbeef));

        Assert.Equal("KVM_GET_MSRS on vcpu 0, MSR 0xdeadbeef: EINVAL (Invalid argument)", error.Message);
    }

    [Fact]
    public void Interrupt_state_without_a_controller_is_refused() =>
        Refused("KVM_GET_LAPIC", Uapi.EINVAL, guest => guest.Vcpu.GetLapic(out _));

    private static void Refused(string ioctl, int errno, Action<TestGuest> action, bool irqchip = false)
    {
        using var guest = new TestGuest(c => c.hlt(), irqchip);

        KvmException error = Assert.Throws<KvmException>(() => action(guest));

        Assert.Equal((ioctl, Errno.Name(errno)), (error.Ioctl, Errno.Name(error.Errno)));
    }
}
