using System.Buffers.Binary;
using Iced.Intel;
using Pyro.Kvm.Native;
using static Iced.Intel.AssemblerRegisters;

namespace Pyro.Kvm.Tests;

public sealed class EventFdTests
{
    private const uint Irq = 5;
    private const byte VectorBase = 0x20;

    [Fact]
    public void An_irqfd_delivers_an_interrupt_to_the_guests_handler()
    {
        using TestGuest guest = InterruptedGuest();
        using var trigger = new EventFd();
        guest.Vm.AddIrqfd(trigger, Irq);
        Assert.Equal(0x01, guest.RunToPortWrite(0x80));

        trigger.Signal();
        Assert.Equal(0xaa, guest.RunToPortWrite(0x81));
        trigger.Signal();
        Assert.Equal(0xaa, guest.RunToPortWrite(0x81));
        Assert.False(trigger.TryTake(out _));
    }

    [Fact]
    public void An_irqfd_wakes_a_guest_that_halts_in_the_kernel()
    {
        using TestGuest guest = InterruptedGuest();
        using var trigger = new EventFd();
        guest.Vm.AddIrqfd(trigger, Irq);
        Assert.Equal(0x01, guest.RunToPortWrite(0x80));

        byte seen = 0;
        var runner = new Thread(() => seen = guest.RunToPortWrite(0x81));
        runner.Start();
        Thread.Sleep(50);
        trigger.Signal();

        Assert.True(runner.Join(TimeSpan.FromSeconds(20)));
        Assert.Equal(0xaa, seen);
    }

    [Fact]
    public void A_removed_irqfd_delivers_nothing()
    {
        using TestGuest guest = InterruptedGuest();
        using var trigger = new EventFd();
        using var other = new EventFd();
        guest.Vm.AddIrqfd(trigger, Irq);
        guest.Vm.AddIrqfd(other, Irq + 1);
        guest.Load(0x3100, c => Handler(c, 0xbb));
        BinaryPrimitives.WriteUInt32LittleEndian(guest.Memory[((VectorBase + 6) * 4)..], 0x3100);
        Assert.Equal(0x01, guest.RunToPortWrite(0x80));

        guest.Vm.RemoveIrqfd(trigger, Irq);
        trigger.Signal();
        other.Signal();

        // The lower line has priority: had it been raised, it would have come first.
        Assert.Equal(0xbb, guest.RunToPortWrite(0x81));
        Assert.True(trigger.TryTake(out _));
    }

    [Fact]
    public void An_interrupt_line_set_by_hand_is_delivered()
    {
        using TestGuest guest = InterruptedGuest();
        Assert.Equal(0x01, guest.RunToPortWrite(0x80));

        guest.Vm.SetIrqLine(Irq, high: true);
        guest.Vm.SetIrqLine(Irq, high: false);

        Assert.Equal(0xaa, guest.RunToPortWrite(0x81));
    }

    [Fact]
    public void An_ioeventfd_on_a_port_takes_the_write_that_matches()
    {
        using var guest = new TestGuest(c =>
        {
            c.mov(dx, 0x500);
            c.mov(ax, 7);
            c.@out(dx, ax);
            c.mov(ax, 8);
            c.@out(dx, ax);
            c.hlt();
        });
        using var seven = new EventFd();
        guest.Vm.AddIoEventFd(seven, IoBus.Port, 0x500, 2, match: 7);

        guest.RunTo(Uapi.KVM_EXIT_IO);

        Assert.True(seven.TryTake(out ulong times));
        Assert.Equal(1ul, times);
        guest.RunTo(Uapi.KVM_EXIT_HLT);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(4u)]
    public void An_ioeventfd_on_MMIO_takes_writes_of_its_length(uint length)
    {
        using TestGuest guest = MmioWriter();
        using var target = new EventFd();
        guest.Vm.AddIoEventFd(target, IoBus.Mmio, 0x20050, length);

        guest.RunTo(Uapi.KVM_EXIT_HLT);

        Assert.True(target.TryTake(out ulong times));
        Assert.Equal(1ul, times);
    }

    [Theory]
    [InlineData(1u)]
    [InlineData(2u)]
    [InlineData(8u)]
    public void An_ioeventfd_leaves_writes_of_another_length_alone(uint length)
    {
        using TestGuest guest = MmioWriter();
        using var target = new EventFd();
        guest.Vm.AddIoEventFd(target, IoBus.Mmio, 0x20050, length);

        guest.RunTo(Uapi.KVM_EXIT_MMIO);

        Assert.False(target.TryTake(out _));
    }

    [Fact]
    public void A_removed_ioeventfd_takes_nothing()
    {
        using TestGuest guest = MmioWriter();
        using var target = new EventFd();
        guest.Vm.AddIoEventFd(target, IoBus.Mmio, 0x20050, 4, match: 3);
        guest.Vm.RemoveIoEventFd(target, IoBus.Mmio, 0x20050, 4, match: 3);

        guest.RunTo(Uapi.KVM_EXIT_MMIO);

        Assert.False(target.TryTake(out _));
    }

    [Fact]
    public void An_eventfd_counts_its_signals()
    {
        using var counter = new EventFd();
        Assert.False(counter.TryTake(out _));

        counter.Signal();
        counter.Signal(2);

        Assert.True(counter.TryTake(out ulong value));
        Assert.Equal(3ul, value);
    }

    private static TestGuest MmioWriter() => new(c =>
    {
        c.mov(ax, 0x2000);
        c.mov(ds, ax);
        c.mov(bx, 0x50);
        c.mov(eax, 3);
        c.mov(__[bx], eax);
        c.hlt();
    });

    // Programs the interrupt controller, tells so on port 0x80, halts for ever; each interrupt on the line writes to port 0x81.
    private static TestGuest InterruptedGuest()
    {
        var guest = new TestGuest(
            c =>
            {
                foreach ((byte port, byte value) in new (byte, byte)[] { (0x20, 0x11), (0x21, VectorBase), (0x21, 0x04), (0x21, 0x01), (0x21, 0x00) })
                {
                    c.mov(al, value);
                    c.@out(port, al);
                }
                c.mov(al, 1);
                c.@out(0x80, al);
                var forever = c.CreateLabel();
                c.sti();
                c.Label(ref forever);
                c.hlt();
                c.jmp(forever);
            },
            irqchip: true);
        guest.Load(0x3000, c => Handler(c, 0xaa));
        BinaryPrimitives.WriteUInt32LittleEndian(guest.Memory[(int)((VectorBase + Irq) * 4)..], 0x3000);
        return guest;
    }

    private static void Handler(Assembler c, byte mark)
    {
        c.mov(al, 0x20);
        c.@out(0x20, al);
        c.mov(al, mark);
        c.@out(0x81, al);
        c.iret();
    }
}
