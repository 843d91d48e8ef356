using Pyro.Kvm.Native;

namespace Pyro.Kvm;

// State of fixed size: a getter and a setter each.
public sealed unsafe partial class KvmVcpu
{
    /// <summary>Gets general registers, RIP and RFLAGS.</summary>
    /// <exception cref="KvmException">The kernel refuses.</exception>
    public void GetRegs(out kvm_regs state) => Check(Ioctl.KVM_GET_REGS(this, out state), nameof(Ioctl.KVM_GET_REGS));

    /// <summary>Sets general registers, RIP and RFLAGS.</summary>
    /// <exception cref="KvmException">The kernel refuses, or a value is not possible.</exception>
    public void SetRegs(in kvm_regs state) => Check(Ioctl.KVM_SET_REGS(this, in state), nameof(Ioctl.KVM_SET_REGS));

    /// <summary>Gets segment, control and descriptor table registers, EFER and the APIC base.</summary>
    /// <exception cref="KvmException">The kernel refuses.</exception>
    public void GetSregs(out kvm_sregs state) => Check(Ioctl.KVM_GET_SREGS(this, out state), nameof(Ioctl.KVM_GET_SREGS));

    /// <summary>Sets segment, control and descriptor table registers, EFER and the APIC base.</summary>
    /// <exception cref="KvmException">The kernel refuses, or a value is not possible.</exception>
    public void SetSregs(in kvm_sregs state) => Check(Ioctl.KVM_SET_SREGS(this, in state), nameof(Ioctl.KVM_SET_SREGS));

    /// <summary>Gets what <see cref="GetSregs"/> gives, with the page directory pointers instead of a pending interrupt.</summary>
    /// <exception cref="KvmException">The kernel refuses.</exception>
    public void GetSregs2(out kvm_sregs2 state) => Check(Ioctl.KVM_GET_SREGS2(this, out state), nameof(Ioctl.KVM_GET_SREGS2));

    /// <summary>Sets what <see cref="GetSregs"/> gives, with the page directory pointers instead of a pending interrupt.</summary>
    /// <exception cref="KvmException">The kernel refuses, or a value is not possible.</exception>
    public void SetSregs2(in kvm_sregs2 state) => Check(Ioctl.KVM_SET_SREGS2(this, in state), nameof(Ioctl.KVM_SET_SREGS2));

    /// <summary>Gets x87 and SSE registers.</summary>
    /// <exception cref="KvmException">The kernel refuses.</exception>
    public void GetFpu(out kvm_fpu state) => Check(Ioctl.KVM_GET_FPU(this, out state), nameof(Ioctl.KVM_GET_FPU));

    /// <summary>Sets x87 and SSE registers.</summary>
    /// <exception cref="KvmException">The kernel refuses, or a value is not possible.</exception>
    public void SetFpu(in kvm_fpu state) => Check(Ioctl.KVM_SET_FPU(this, in state), nameof(Ioctl.KVM_SET_FPU));

    /// <summary>Gets extended control registers.</summary>
    /// <exception cref="KvmException">The kernel refuses.</exception>
    public void GetXcrs(out kvm_xcrs state) => Check(Ioctl.KVM_GET_XCRS(this, out state), nameof(Ioctl.KVM_GET_XCRS));

    /// <summary>Sets extended control registers.</summary>
    /// <exception cref="KvmException">The kernel refuses, or a value is not possible.</exception>
    public void SetXcrs(in kvm_xcrs state) => Check(Ioctl.KVM_SET_XCRS(this, in state), nameof(Ioctl.KVM_SET_XCRS));

    /// <summary>Gets the local APIC's registers.</summary>
    /// <exception cref="KvmException">The kernel refuses.</exception>
    public void GetLapic(out kvm_lapic_state state) => Check(Ioctl.KVM_GET_LAPIC(this, out state), nameof(Ioctl.KVM_GET_LAPIC));

    /// <summary>Sets the local APIC's registers.</summary>
    /// <exception cref="KvmException">The kernel refuses, or a value is not possible.</exception>
    public void SetLapic(in kvm_lapic_state state) => Check(Ioctl.KVM_SET_LAPIC(this, in state), nameof(Ioctl.KVM_SET_LAPIC));

    /// <summary>Gets whether the vCPU runs, halts or waits to be started.</summary>
    /// <exception cref="KvmException">The kernel refuses.</exception>
    public void GetMpState(out kvm_mp_state state) => Check(Ioctl.KVM_GET_MP_STATE(this, out state), nameof(Ioctl.KVM_GET_MP_STATE));

    /// <summary>Sets whether the vCPU runs, halts or waits to be started.</summary>
    /// <exception cref="KvmException">The kernel refuses, or a value is not possible.</exception>
    public void SetMpState(in kvm_mp_state state) => Check(Ioctl.KVM_SET_MP_STATE(this, in state), nameof(Ioctl.KVM_SET_MP_STATE));

    /// <summary>Gets pending exceptions, interrupts and NMIs.</summary>
    /// <exception cref="KvmException">The kernel refuses.</exception>
    public void GetVcpuEvents(out kvm_vcpu_events state) => Check(Ioctl.KVM_GET_VCPU_EVENTS(this, out state), nameof(Ioctl.KVM_GET_VCPU_EVENTS));

    /// <summary>Sets pending exceptions, interrupts and NMIs.</summary>
    /// <exception cref="KvmException">The kernel refuses, or a value is not possible.</exception>
    public void SetVcpuEvents(in kvm_vcpu_events state) => Check(Ioctl.KVM_SET_VCPU_EVENTS(this, in state), nameof(Ioctl.KVM_SET_VCPU_EVENTS));

    /// <summary>Gets debug registers.</summary>
    /// <exception cref="KvmException">The kernel refuses.</exception>
    public void GetDebugRegs(out kvm_debugregs state) => Check(Ioctl.KVM_GET_DEBUGREGS(this, out state), nameof(Ioctl.KVM_GET_DEBUGREGS));

    /// <summary>Sets debug registers.</summary>
    /// <exception cref="KvmException">The kernel refuses, or a value is not possible.</exception>
    public void SetDebugRegs(in kvm_debugregs state) => Check(Ioctl.KVM_SET_DEBUGREGS(this, in state), nameof(Ioctl.KVM_SET_DEBUGREGS));
}
