using System.Runtime.InteropServices;
using Pyro.Kvm.Native;

namespace Pyro.Kvm;

// State whose size varies: model-specific registers, CPUID, the whole XSAVE area.
public sealed unsafe partial class KvmVcpu
{
    /// <summary>Reads MSRs. The kernel stops at the first that it does not know.</summary>
    /// <param name="entries">Indices in, values out.</param>
    /// <returns>How many were read.</returns>
    /// <exception cref="KvmException">The kernel refuses altogether.</exception>
    public int GetMsrs(Span<kvm_msr_entry> entries)
    {
        byte[] buffer = CopyIn(entries);
        fixed (byte* memory = buffer)
        {
            // SAFETY: CopyIn sized the buffer for the entries that it counts.
            var msrs = (kvm_msrs*)memory;
            int count = Check(Ioctl.KVM_GET_MSRS(this, msrs), nameof(Ioctl.KVM_GET_MSRS));
            new ReadOnlySpan<kvm_msr_entry>(kvm_msrs.entries(msrs), count).CopyTo(entries);
            return count;
        }
    }

    /// <summary>Writes MSRs in order. The kernel stops at the first that it does not know or whose value it does not accept.</summary>
    /// <returns>How many were written.</returns>
    /// <exception cref="KvmException">The kernel refuses altogether.</exception>
    public int SetMsrs(ReadOnlySpan<kvm_msr_entry> entries)
    {
        byte[] buffer = CopyIn(entries);
        fixed (byte* memory = buffer)
        {
            // SAFETY: CopyIn sized the buffer for the entries that it counts.
            return Check(Ioctl.KVM_SET_MSRS(this, (kvm_msrs*)memory), nameof(Ioctl.KVM_SET_MSRS));
        }
    }

    /// <summary>Reads one MSR.</summary>
    /// <exception cref="KvmException">The kernel does not know it.</exception>
    public ulong GetMsr(uint index)
    {
        var entry = new kvm_msr_entry { index = index };
        return GetMsrs(new Span<kvm_msr_entry>(ref entry)) == 1 ? entry.data : throw Unknown(nameof(Ioctl.KVM_GET_MSRS), index);
    }

    /// <summary>Writes one MSR.</summary>
    /// <exception cref="KvmException">The kernel does not know it or does not accept the value.</exception>
    public void SetMsr(uint index, ulong value)
    {
        var entry = new kvm_msr_entry { index = index, data = value };
        if (SetMsrs(new ReadOnlySpan<kvm_msr_entry>(in entry)) != 1)
        {
            throw Unknown(nameof(Ioctl.KVM_SET_MSRS), index);
        }
    }

    /// <summary>Sets what CPUID says. Before the vCPU first runs.</summary>
    /// <exception cref="KvmException">There are too many entries, or the vCPU has run.</exception>
    public void SetCpuid(ReadOnlySpan<kvm_cpuid_entry2> entries)
    {
        byte[] buffer = new byte[kvm_cpuid2.sizeof_entries(entries.Length)];
        fixed (byte* memory = buffer)
        {
            // SAFETY: the buffer was sized for as many entries as are copied in and counted.
            var list = (kvm_cpuid2*)memory;
            list->nent = (uint)entries.Length;
            entries.CopyTo(new Span<kvm_cpuid_entry2>(kvm_cpuid2.entries(list), entries.Length));
            Check(Ioctl.KVM_SET_CPUID2(this, list), nameof(Ioctl.KVM_SET_CPUID2));
        }
    }

    /// <summary>What CPUID says.</summary>
    /// <exception cref="KvmException">The kernel refuses.</exception>
    public kvm_cpuid_entry2[] GetCpuid()
    {
        uint room = 256;
        while (true)
        {
            byte[] buffer = new byte[kvm_cpuid2.sizeof_entries((int)room)];
            fixed (byte* memory = buffer)
            {
                // SAFETY: the buffer has room for nent entries; the kernel sets nent to their number whether they fit or not.
                var list = (kvm_cpuid2*)memory;
                list->nent = room;
                if (Ioctl.KVM_GET_CPUID2(this, list) >= 0)
                {
                    return new ReadOnlySpan<kvm_cpuid_entry2>(kvm_cpuid2.entries(list), (int)list->nent).ToArray();
                }
                if (Marshal.GetLastPInvokeError() != Uapi.E2BIG || list->nent <= room)
                {
                    throw new KvmException(nameof(Ioctl.KVM_GET_CPUID2), _name, Marshal.GetLastPInvokeError());
                }
                room = list->nent;
            }
        }
    }

    /// <summary>Gets the XSAVE area as far as 4096 bytes hold it: all but AMX.</summary>
    /// <exception cref="KvmException">The kernel refuses, because the guest's area is larger.</exception>
    public void GetXsave(out kvm_xsave area)
    {
        fixed (kvm_xsave* memory = &area)
        {
            // SAFETY: this call writes no more than the struct's 4096 bytes; the larger area has a call of its own.
            Check(Ioctl.KVM_GET_XSAVE(this, memory), nameof(Ioctl.KVM_GET_XSAVE));
        }
    }

    /// <summary>Gets the whole XSAVE area.</summary>
    /// <param name="area">At least <see cref="XsaveSize"/> bytes.</param>
    /// <exception cref="KvmException">The kernel does not have the call, from Linux 5.17.</exception>
    public void GetXsave2(Span<byte> area)
    {
        RequireXsaveArea(area.Length);
        fixed (byte* memory = area)
        {
            // SAFETY: the kernel writes as many bytes as XsaveSize says, which the span has.
            Check(Ioctl.KVM_GET_XSAVE2(this, (kvm_xsave*)memory), nameof(Ioctl.KVM_GET_XSAVE2));
        }
    }

    /// <summary>Sets the whole XSAVE area.</summary>
    /// <param name="area">At least <see cref="XsaveSize"/> bytes.</param>
    /// <exception cref="KvmException">The area is not valid.</exception>
    public void SetXsave2(ReadOnlySpan<byte> area)
    {
        RequireXsaveArea(area.Length);
        fixed (byte* memory = area)
        {
            // SAFETY: the kernel reads as many bytes as XsaveSize says, which the span has.
            Check(Ioctl.KVM_SET_XSAVE(this, (kvm_xsave*)memory), nameof(Ioctl.KVM_SET_XSAVE));
        }
    }

    private void RequireXsaveArea(int length) => ArgumentOutOfRangeException.ThrowIfLessThan(length, XsaveSize);

    private static byte[] CopyIn(ReadOnlySpan<kvm_msr_entry> entries)
    {
        byte[] buffer = new byte[kvm_msrs.sizeof_entries(entries.Length)];
        fixed (byte* memory = buffer)
        {
            // SAFETY: the buffer was sized for as many entries as are copied in and counted.
            var msrs = (kvm_msrs*)memory;
            msrs->nmsrs = (uint)entries.Length;
            entries.CopyTo(new Span<kvm_msr_entry>(kvm_msrs.entries(msrs), entries.Length));
        }
        return buffer;
    }

    private KvmException Unknown(string ioctl, uint index) => new(ioctl, $"{_name}, MSR 0x{index:x}", Uapi.EINVAL);
}
