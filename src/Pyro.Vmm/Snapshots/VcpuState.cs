using Pyro.Kvm;
using Pyro.Kvm.Native;

namespace Pyro.Vmm.Snapshots;

/// <summary>All that KVM tells of a vCPU, and the order in which it takes it back.</summary>
internal static class VcpuState
{
    private const uint TimeStampCounter = 0x10;
    private const uint TscDeadline = 0x6e0;
    private const int MaxMsrs = 4096;
    private const int MaxCpuidEntries = 256;

    /// <summary>Writes a paused vCPU's state.</summary>
    /// <param name="vcpu">The vCPU.</param>
    /// <param name="cpuid">What the guest was told; some hosts' KVM adds to it and would not take that back.</param>
    /// <param name="msrs">The MSRs that this host's KVM saves.</param>
    /// <param name="state">Where to.</param>
    internal static void Save(KvmVcpu vcpu, ReadOnlySpan<kvm_cpuid_entry2> cpuid, ReadOnlySpan<uint> msrs, StateWriter state)
    {
        // Pending events first: to read the others may deliver what is pending for the processor's mode.
        vcpu.GetMpState(out kvm_mp_state mpState);
        vcpu.GetVcpuEvents(out kvm_vcpu_events events);
        vcpu.GetRegs(out kvm_regs regs);
        vcpu.GetSregs2(out kvm_sregs2 sregs);
        vcpu.GetXcrs(out kvm_xcrs xcrs);
        vcpu.GetDebugRegs(out kvm_debugregs debug);
        vcpu.GetLapic(out kvm_lapic_state lapic);
        byte[] xsave = new byte[vcpu.XsaveSize];
        vcpu.GetXsave2(xsave);

        state.WriteArray(cpuid);
        state.Write(vcpu.TscKhz);
        state.Write(in mpState);
        state.Write(in regs);
        state.Write(in sregs);
        state.WriteBytes(xsave);
        state.Write(in xcrs);
        state.Write(in debug);
        state.Write(in lapic);
        state.WriteArray<kvm_msr_entry>(ReadMsrs(vcpu, msrs));
        state.Write(in events);
    }

    /// <summary>Gives a new vCPU the state of a saved one.</summary>
    /// <param name="vcpu">The vCPU.</param>
    /// <param name="supported">What this host's KVM supports.</param>
    /// <param name="name">The snapshot's name for messages.</param>
    /// <param name="state">What <see cref="Save"/> wrote.</param>
    /// <exception cref="SnapshotException">The state is damaged, or not for this host.</exception>
    /// <exception cref="KvmException">KVM refuses a part.</exception>
    /// <returns>What the guest was told by CPUID.</returns>
    internal static kvm_cpuid_entry2[] Restore(KvmVcpu vcpu, ReadOnlySpan<kvm_cpuid_entry2> supported, string name, ref StateReader state)
    {
        kvm_cpuid_entry2[] cpuid = state.ReadArray<kvm_cpuid_entry2>(MaxCpuidEntries);
        if (CpuFeatures.Missing(cpuid, supported) is string missing)
            throw new SnapshotException($"{name}: needs processor features that this host lacks ({missing}): it was taken on another kind of host");
        vcpu.SetCpuid(cpuid);
        RestoreFrequency(vcpu, state.Read<int>());
        vcpu.SetMpState(state.Read<kvm_mp_state>());
        vcpu.SetRegs(state.Read<kvm_regs>());
        vcpu.SetSregs2(state.Read<kvm_sregs2>());
        ReadOnlySpan<byte> xsave = state.ReadBytes();
        if (xsave.Length != vcpu.XsaveSize)
            throw new SnapshotException($"the snapshot's extended processor state has {xsave.Length} bytes, this host's KVM wants {vcpu.XsaveSize}: it was taken on another kind of processor");
        vcpu.SetXsave2(xsave);
        vcpu.SetXcrs(state.Read<kvm_xcrs>());
        vcpu.SetDebugRegs(state.Read<kvm_debugregs>());
        vcpu.SetLapic(state.Read<kvm_lapic_state>());
        WriteMsrs(vcpu, state.ReadArray<kvm_msr_entry>(MaxMsrs));
        vcpu.SetVcpuEvents(state.Read<kvm_vcpu_events>());
        return cpuid;
    }

    // The deadline counts in the time stamp counter, so the counter comes first and the deadline last. Others have
    // shipped the reverse: a guest whose timer fires at once, or never.
    private static kvm_msr_entry[] ReadMsrs(KvmVcpu vcpu, ReadOnlySpan<uint> indices)
    {
        List<uint> order = [TimeStampCounter];
        foreach (uint index in indices)
        {
            if (index is not (TimeStampCounter or TscDeadline))
                order.Add(index);
        }

        order.Add(TscDeadline);
        var entries = new kvm_msr_entry[order.Count];
        for (int i = 0; i < entries.Length; i++)
            entries[i].index = order[i];

        // KVM stops at each that it lists and this vCPU does not have.
        int kept = 0;
        for (int next = 0; next < entries.Length;)
        {
            int read = vcpu.GetMsrs(entries.AsSpan(next));
            entries.AsSpan(next, read).CopyTo(entries.AsSpan(kept));
            kept += read;
            next += read + 1;
        }

        return entries[..kept];
    }

    private static void WriteMsrs(KvmVcpu vcpu, ReadOnlySpan<kvm_msr_entry> entries)
    {
        while (!entries.IsEmpty)
        {
            int written = vcpu.SetMsrs(entries);
            if (written == entries.Length)
                return;
            // Some are read-only and say the same on every vCPU of a host: the value is there already.
            kvm_msr_entry refused = entries[written];
            var here = new kvm_msr_entry { index = refused.index };
            bool known = vcpu.GetMsrs(new Span<kvm_msr_entry>(ref here)) == 1;
            if (refused.data != 0 && (!known || here.data != refused.data))
                throw new SnapshotException($"this host's KVM does not take the snapshot's value of MSR 0x{refused.index:x}: it was taken on another kind of host");
            entries = entries[(written + 1)..];
        }
    }

    private static void RestoreFrequency(KvmVcpu vcpu, int kilohertz)
    {
        int here = vcpu.TscKhz;
        // What the kernel itself takes for equal: 250 parts in a million.
        if (Math.Abs((long)here - kilohertz) * 4000 <= kilohertz)
            return;
        try
        {
            vcpu.TscKhz = kilohertz;
        }
        catch (KvmException)
        {
            throw new SnapshotException($"the snapshot's time stamp counter runs at {kilohertz} kHz, this processor's at {here}, and it cannot be scaled");
        }
    }
}
