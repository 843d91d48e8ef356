using Pyro.Kvm.Native;

namespace Pyro.Vmm.Snapshots;

/// <summary>
/// Whether a host has what a saved guest was told it has: a guest asks once and then uses what it found.
/// </summary>
/// <remarks>Intel SDM volume 2A, CPUID; AMD APM volume 3, appendix E.</remarks>
internal static class CpuFeatures
{
    private const uint Osxsave = 1u << 27;
    private const uint Ospke = 1u << 4;
    private const uint Hypervisor = 1u << 31;
    private const uint TscDeadline = 1u << 24;
    private const uint HyperThreading = 1u << 28;
    private const uint CmpLegacy = 1u << 1;
    private const uint All = uint.MaxValue;

    // The leaves whose registers are features, bit by bit. Left out: bits that mirror what the guest switched on, and those
    // that the VMM itself decides on.
    private static readonly (uint Function, uint Index, uint Eax, uint Ebx, uint Ecx, uint Edx)[] s_leaves =
    [
        (0x1, 0, 0, 0, ~(Osxsave | Hypervisor | TscDeadline), ~HyperThreading),
        (0x7, 0, 0, All, ~Ospke, All),
        (0x7, 1, All, 0, 0, 0),
        (0xd, 0, All, 0, 0, All),
        (0xd, 1, All, 0, 0, 0),
        (0x80000001, 0, 0, 0, ~CmpLegacy, All),
        (0x80000008, 0, 0, All, 0, 0),
    ];

    /// <summary>Says what is missing, as <c>CPUID 7.0 ebx 0x10000</c>, or null.</summary>
    /// <param name="saved">What the guest was told.</param>
    /// <param name="supported">What this host's KVM supports.</param>
    internal static string? Missing(ReadOnlySpan<kvm_cpuid_entry2> saved, ReadOnlySpan<kvm_cpuid_entry2> supported)
    {
        foreach ((uint function, uint index, uint eax, uint ebx, uint ecx, uint edx) in s_leaves)
        {
            kvm_cpuid_entry2 had = Find(saved, function, index), has = Find(supported, function, index);
            string? missing = Compare("eax", had.eax & eax, has.eax) ?? Compare("ebx", had.ebx & ebx, has.ebx)
                ?? Compare("ecx", had.ecx & ecx, has.ecx) ?? Compare("edx", had.edx & edx, has.edx);
            if (missing is not null)
                return $"CPUID {function:x}.{index:x} {missing}";
        }

        return null;
    }

    private static string? Compare(string register, uint had, uint has) => (had & ~has) is uint gone and not 0 ? $"{register} 0x{gone:x}" : null;

    private static kvm_cpuid_entry2 Find(ReadOnlySpan<kvm_cpuid_entry2> entries, uint function, uint index)
    {
        foreach (ref readonly kvm_cpuid_entry2 entry in entries)
        {
            if (entry.function == function && entry.index == index)
                return entry;
        }

        return default;
    }
}
