using Pyro.Kvm;
using Pyro.Kvm.Native;

namespace Pyro.Vmm.Vcpus;

/// <summary>
/// What this host's KVM supports, asked once in a process: KVM executes CPUID for each leaf, which a hypervisor below it
/// traps, and that takes most of a millisecond.
/// </summary>
internal static class HostCpuid
{
    private static kvm_cpuid_entry2[]? s_supported;

    /// <exception cref="KvmException">KVM refuses to say.</exception>
    internal static ReadOnlySpan<kvm_cpuid_entry2> Of(KvmSystem system) => s_supported ??= system.GetSupportedCpuid();
}
