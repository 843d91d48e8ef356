using Pyro.Kvm.Native;

namespace Pyro.Kvm;

// Interrupt controllers, the timer, and the descriptors that stand for interrupts and for guest writes.
public sealed unsafe partial class KvmVm
{
    /// <summary>Creates both PICs, the IOAPIC, and a local APIC for each vCPU to come. Before the first vCPU.</summary>
    /// <exception cref="KvmException">There are vCPUs already, or it is there already.</exception>
    public void CreateIrqchip() => Check(Ioctl.KVM_CREATE_IRQCHIP(this), nameof(Ioctl.KVM_CREATE_IRQCHIP));

    /// <summary>Creates the i8254 timer. After <see cref="CreateIrqchip"/>.</summary>
    /// <param name="flags"><c>KVM_PIT_SPEAKER_DUMMY</c> for an answering port 0x61.</param>
    /// <exception cref="KvmException">There is no interrupt controller, or the timer is there already.</exception>
    public void CreatePit2(uint flags = 0)
    {
        var configuration = new kvm_pit_config { flags = flags };
        Check(Ioctl.KVM_CREATE_PIT2(this, in configuration), nameof(Ioctl.KVM_CREATE_PIT2));
    }

    /// <summary>Whether the timer's missed ticks are delivered later. Off saves a lock in every acknowledgement.</summary>
    /// <exception cref="KvmException">There is no timer.</exception>
    public void SetPitReinject(bool reinject)
    {
        var control = new kvm_reinject_control { pit_reinject = reinject ? (byte)1 : (byte)0 };
        // SAFETY: the header calls it an ioctl without argument, the kernel reads this struct.
        Check(Ioctl.KVM_REINJECT_CONTROL(this, (nint)(&control)), nameof(Ioctl.KVM_REINJECT_CONTROL));
    }

    /// <summary>Makes each signal of <paramref name="trigger"/> an interrupt on a line.</summary>
    /// <param name="trigger">The eventfd to be written to. It may be closed afterwards: KVM keeps its own reference.</param>
    /// <param name="gsi">The line; without other routing 0 to 15 are the PIC's and 0 to 23 the IOAPIC's.</param>
    /// <param name="resample">For a level-triggered line: signalled when the guest acknowledges.</param>
    /// <exception cref="KvmException">There is no interrupt controller, or the eventfd is on a line already.</exception>
    public void AddIrqfd(EventFd trigger, uint gsi, EventFd? resample = null) => Irqfd(trigger, gsi, resample, flags: 0);

    /// <summary>Undoes <see cref="AddIrqfd"/>.</summary>
    /// <exception cref="KvmException">The kernel refuses.</exception>
    public void RemoveIrqfd(EventFd trigger, uint gsi) => Irqfd(trigger, gsi, resample: null, Uapi.KVM_IRQFD_FLAG_DEASSIGN);

    /// <summary>Makes guest writes signal <paramref name="target"/> instead of leaving the guest.</summary>
    /// <param name="target">The eventfd to signal.</param>
    /// <param name="bus">MMIO or port I/O.</param>
    /// <param name="address">The guest physical address or the port.</param>
    /// <param name="length">Bytes of the write, 1, 2, 4 or 8; 0 for writes of any length, with no value to match.</param>
    /// <param name="match">The value that alone signals; null for any.</param>
    /// <exception cref="KvmException">The length is none of those, or address, length and value are taken.</exception>
    public void AddIoEventFd(EventFd target, IoBus bus, ulong address, uint length, ulong? match = null) =>
        IoEventFd(target, bus, address, length, match, flags: 0);

    /// <summary>Undoes <see cref="AddIoEventFd"/>; all arguments as there.</summary>
    /// <exception cref="KvmException">There is no such eventfd (ENOENT).</exception>
    public void RemoveIoEventFd(EventFd target, IoBus bus, ulong address, uint length, ulong? match = null) =>
        IoEventFd(target, bus, address, length, match, Uapi.KVM_IOEVENTFD_FLAG_DEASSIGN);

    /// <summary>Sets an interrupt line high or low.</summary>
    /// <exception cref="KvmException">There is no interrupt controller.</exception>
    public void SetIrqLine(uint gsi, bool high)
    {
        kvm_irq_level level = default;
        level.irq = gsi;
        level.level = high ? 1u : 0u;
        if (Ioctl.KVM_IRQ_LINE(this, in level) < 0)
        {
            throw Failed(nameof(Ioctl.KVM_IRQ_LINE), "irq " + gsi);
        }
    }

    /// <summary>Sends a message-signalled interrupt. False if the guest has blocked it.</summary>
    /// <exception cref="KvmException">There is no interrupt controller, or the message is not valid.</exception>
    public bool SignalMsi(ulong address, uint data)
    {
        var message = new kvm_msi { address_lo = (uint)address, address_hi = (uint)(address >> 32), data = data };
        return Check(Ioctl.KVM_SIGNAL_MSI(this, in message), nameof(Ioctl.KVM_SIGNAL_MSI)) > 0;
    }

    /// <summary>Replaces the table that says which pin or message each line is.</summary>
    /// <exception cref="KvmException">An entry is not valid.</exception>
    public void SetGsiRouting(ReadOnlySpan<kvm_irq_routing_entry> entries)
    {
        byte[] buffer = new byte[kvm_irq_routing.sizeof_entries(entries.Length)];
        fixed (byte* memory = buffer)
        {
            // SAFETY: the buffer was sized for as many entries as are copied in and counted.
            var routing = (kvm_irq_routing*)memory;
            routing->nr = (uint)entries.Length;
            entries.CopyTo(new Span<kvm_irq_routing_entry>(kvm_irq_routing.entries(routing), entries.Length));
            Check(Ioctl.KVM_SET_GSI_ROUTING(this, routing), nameof(Ioctl.KVM_SET_GSI_ROUTING));
        }
    }

    /// <summary>The state of an interrupt controller.</summary>
    /// <param name="chip"><c>KVM_IRQCHIP_PIC_MASTER</c>, <c>KVM_IRQCHIP_PIC_SLAVE</c> or <c>KVM_IRQCHIP_IOAPIC</c>.</param>
    /// <exception cref="KvmException">There is none.</exception>
    public kvm_irqchip GetIrqchip(uint chip)
    {
        kvm_irqchip state = default;
        state.chip_id = chip;
        if (Ioctl.KVM_GET_IRQCHIP(this, ref state) < 0)
        {
            throw Failed(nameof(Ioctl.KVM_GET_IRQCHIP), "chip " + chip);
        }
        return state;
    }

    /// <summary>Sets the state of the controller that <c>chip_id</c> names.</summary>
    /// <exception cref="KvmException">There is none.</exception>
    public void SetIrqchip(in kvm_irqchip state)
    {
        fixed (kvm_irqchip* pointer = &state)
        {
            // SAFETY: the header says the kernel writes it (_IOR), but it only reads.
            if (Ioctl.KVM_SET_IRQCHIP(this, pointer) < 0)
            {
                throw Failed(nameof(Ioctl.KVM_SET_IRQCHIP), "chip " + state.chip_id);
            }
        }
    }

    /// <summary>The timer's state.</summary>
    /// <exception cref="KvmException">There is no timer.</exception>
    public kvm_pit_state2 GetPit2()
    {
        Check(Ioctl.KVM_GET_PIT2(this, out kvm_pit_state2 state), nameof(Ioctl.KVM_GET_PIT2));
        return state;
    }

    /// <summary>Sets the timer's state.</summary>
    /// <exception cref="KvmException">There is no timer.</exception>
    public void SetPit2(in kvm_pit_state2 state) => Check(Ioctl.KVM_SET_PIT2(this, in state), nameof(Ioctl.KVM_SET_PIT2));

    private void Irqfd(EventFd trigger, uint gsi, EventFd? resample, uint flags)
    {
        var irqfd = new kvm_irqfd { fd = (uint)trigger.Number, gsi = gsi, flags = flags };
        if (resample is not null)
        {
            irqfd.flags |= Uapi.KVM_IRQFD_FLAG_RESAMPLE;
            irqfd.resamplefd = (uint)resample.Number;
        }
        if (Ioctl.KVM_IRQFD(this, in irqfd) < 0)
        {
            throw Failed(nameof(Ioctl.KVM_IRQFD), "irq " + gsi);
        }
        GC.KeepAlive(trigger);
        GC.KeepAlive(resample);
    }

    private void IoEventFd(EventFd target, IoBus bus, ulong address, uint length, ulong? match, uint flags)
    {
        var ioevent = new kvm_ioeventfd { fd = target.Number, addr = address, len = length, flags = flags, datamatch = match ?? 0 };
        ioevent.flags |= match is null ? 0u : Uapi.KVM_IOEVENTFD_FLAG_DATAMATCH;
        ioevent.flags |= bus == IoBus.Port ? (uint)Uapi.KVM_IOEVENTFD_FLAG_PIO : 0u;
        if (Ioctl.KVM_IOEVENTFD(this, in ioevent) < 0)
        {
            throw Failed(nameof(Ioctl.KVM_IOEVENTFD), $"{bus} 0x{address:x}, {length} bytes");
        }
        GC.KeepAlive(target);
    }
}
