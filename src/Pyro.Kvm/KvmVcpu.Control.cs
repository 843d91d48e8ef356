using Pyro.Kvm.Native;

namespace Pyro.Kvm;

// What is done to a vCPU beside getting and setting its state.
public sealed unsafe partial class KvmVcpu
{
    /// <summary>The frequency of the guest's time stamp counter in kHz. Set it before the guest runs.</summary>
    /// <exception cref="KvmException">The host cannot scale the counter to that frequency.</exception>
    public int TscKhz
    {
        get => Check(Ioctl.KVM_GET_TSC_KHZ(this), nameof(Ioctl.KVM_GET_TSC_KHZ));
        set => Check(Ioctl.KVM_SET_TSC_KHZ(this, value), nameof(Ioctl.KVM_SET_TSC_KHZ));
    }

    /// <summary>Injects an interrupt; only for a VM without in-kernel interrupt controller.</summary>
    /// <exception cref="KvmException">The vCPU has a local APIC.</exception>
    public void Interrupt(uint vector)
    {
        var interrupt = new kvm_interrupt { irq = vector };
        Check(Ioctl.KVM_INTERRUPT(this, in interrupt), nameof(Ioctl.KVM_INTERRUPT));
    }

    /// <summary>Injects a non-maskable interrupt.</summary>
    /// <exception cref="KvmException">The kernel refuses.</exception>
    public void Nmi() => Check(Ioctl.KVM_NMI(this), nameof(Ioctl.KVM_NMI));

    /// <summary>Tells a guest with kvmclock that it was stopped, so that its watchdogs do not bark.</summary>
    /// <returns>False if the guest has no kvmclock.</returns>
    /// <exception cref="KvmException">The kernel refuses.</exception>
    public bool TryNotifyPaused()
    {
        if (Ioctl.KVM_KVMCLOCK_CTRL(this) >= 0)
        {
            return true;
        }
        int errno = System.Runtime.InteropServices.Marshal.GetLastPInvokeError();
        return errno == Uapi.EINVAL ? false : throw new KvmException(nameof(Ioctl.KVM_KVMCLOCK_CTRL), _name, errno);
    }

    /// <summary>Single-steps, or stops at breakpoints.</summary>
    /// <exception cref="KvmException">The kernel refuses.</exception>
    public void SetGuestDebug(in kvm_guest_debug debug) => Check(Ioctl.KVM_SET_GUEST_DEBUG(this, in debug), nameof(Ioctl.KVM_SET_GUEST_DEBUG));

    /// <summary>What the vCPU's page tables make of an address.</summary>
    /// <returns>The guest physical address; null if there is none.</returns>
    /// <exception cref="KvmException">The kernel refuses.</exception>
    public ulong? Translate(ulong linearAddress)
    {
        var translation = new kvm_translation { linear_address = linearAddress };
        Check(Ioctl.KVM_TRANSLATE(this, ref translation), nameof(Ioctl.KVM_TRANSLATE));
        return translation.valid != 0 ? translation.physical_address : null;
    }

    /// <summary>Switches a capability of the vCPU on.</summary>
    /// <param name="capability">One of <c>Uapi.KVM_CAP_...</c>.</param>
    /// <param name="argument0">What the capability's first argument means is its own.</param>
    /// <exception cref="KvmException">The capability is not known or cannot be had now.</exception>
    public void EnableCapability(int capability, ulong argument0 = 0)
    {
        var enable = new kvm_enable_cap { cap = (uint)capability };
        enable.args[0] = argument0;
        Check(Ioctl.KVM_ENABLE_CAP(this, in enable), nameof(Ioctl.KVM_ENABLE_CAP));
    }
}
