using Pyro.Kvm.Native;
using Pyro.Vmm.Snapshots;

namespace Pyro.Vmm.Tests.Snapshots;

public sealed class CpuFeaturesTests
{
    private const uint Avx512Foundation = 1 << 16;

    [Fact]
    public void A_host_has_what_it_has() => Assert.Null(CpuFeatures.Missing(Leaves(ebx7: Avx512Foundation), Leaves(ebx7: Avx512Foundation)));

    [Fact]
    public void More_than_the_guest_knows_of_does_no_harm() => Assert.Null(CpuFeatures.Missing(Leaves(), Leaves(ebx7: Avx512Foundation)));

    [Fact]
    public void A_feature_that_is_gone_is_named() =>
        Assert.Equal("CPUID 7.0 ebx 0x10000", CpuFeatures.Missing(Leaves(ebx7: Avx512Foundation), Leaves()));

    [Fact]
    public void A_leaf_that_is_gone_is_all_of_its_features_gone() =>
        Assert.Equal("CPUID 7.0 ebx 0x10001", CpuFeatures.Missing(Leaves(ebx7: Avx512Foundation | 1), [Leaves()[0]]));

    [Fact]
    public void What_the_guest_switched_on_and_what_the_VMM_adds_are_no_features_of_the_host() =>
        Assert.Null(CpuFeatures.Missing(Leaves(ecx1: (1u << 27) | (1u << 31) | (1u << 24)), Leaves()));

    private static kvm_cpuid_entry2[] Leaves(uint ecx1 = 0, uint ebx7 = 0) =>
    [
        new() { function = 1, ecx = ecx1 | 1, edx = 0xff },
        new() { function = 7, flags = 1, ebx = ebx7 },
    ];
}
