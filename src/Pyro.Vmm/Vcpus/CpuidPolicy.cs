using System.Numerics;
using Pyro.Kvm.Native;

namespace Pyro.Vmm.Vcpus;

/// <summary>
/// What a guest is told by CPUID: what KVM supports, with the parts that depend on the machine filled in. Each vCPU is a
/// core of its own in one package.
/// </summary>
/// <remarks>Intel SDM volume 2A, CPUID; AMD APM volume 3, appendix E.</remarks>
internal static class CpuidPolicy
{
    private const uint Hypervisor = 1u << 31;
    private const uint TscDeadline = 1u << 24;
    private const uint HyperThreading = 1u << 28;
    private const uint CmpLegacy = 1u << 1;
    private const uint TopologyExtensions = 1u << 22;

    /// <summary>Fills in one vCPU's entries in place.</summary>
    /// <param name="entries">The entries KVM supports.</param>
    /// <param name="vcpu">The vCPU's number, which is its APIC id.</param>
    /// <param name="vcpuCount">How many there are.</param>
    /// <param name="tscDeadline">Whether KVM has the TSC deadline timer, which it does not list by itself.</param>
    internal static void Apply(Span<kvm_cpuid_entry2> entries, uint vcpu, uint vcpuCount, bool tscDeadline)
    {
        uint idBits = vcpuCount == 1 ? 0 : (uint)BitOperations.Log2(vcpuCount - 1) + 1;
        foreach (ref kvm_cpuid_entry2 entry in entries)
        {
            switch (entry.function)
            {
                case 0x1:
                    entry.ebx = (entry.ebx & 0x0000ffff) | (vcpu << 24) | (vcpuCount << 16);
                    entry.ecx |= Hypervisor | (tscDeadline ? TscDeadline : 0);
                    entry.edx = vcpuCount > 1 ? entry.edx | HyperThreading : entry.edx & ~HyperThreading;
                    break;
                case 0x4:
                    // Bits 31..26: cores in the package; bits 25..14: threads that share this cache, all of them for level 3.
                    uint sharing = ((entry.eax >> 5) & 7) >= 3 ? (1u << (int)idBits) - 1 : 0;
                    entry.eax = (entry.eax & 0x00003fff) | (((1u << (int)idBits) - 1) << 26) | (sharing << 14);
                    break;
                case 0xb:
                case 0x1f:
                    SetTopologyLevel(ref entry, vcpu, vcpuCount, idBits);
                    break;
                case 0x80000001:
                    entry.ecx = vcpuCount > 1 ? entry.ecx | CmpLegacy : entry.ecx & ~CmpLegacy;
                    entry.ecx &= ~TopologyExtensions;
                    break;
                case 0x80000008:
                    entry.ecx = (vcpuCount - 1) | (idBits << 12);
                    break;
            }
        }
    }

    private static void SetTopologyLevel(ref kvm_cpuid_entry2 entry, uint vcpu, uint vcpuCount, uint idBits)
    {
        const uint threadLevel = 1;
        const uint coreLevel = 2;
        (entry.eax, entry.ebx, uint type) = entry.index switch
        {
            0 => (0u, 1u, threadLevel),
            1 => (idBits, vcpuCount, coreLevel),
            _ => (0u, 0u, 0u),
        };
        entry.ecx = entry.index | (type << 8);
        entry.edx = vcpu;
    }
}
