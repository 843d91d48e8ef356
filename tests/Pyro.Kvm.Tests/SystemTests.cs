using Pyro.Kvm.Native;

namespace Pyro.Kvm.Tests;

public sealed class SystemTests
{
    [Fact]
    public void The_system_says_what_it_can_do()
    {
        using KvmSystem system = KvmSystem.Open();

        Assert.Equal(12, system.ApiVersion);
        Assert.InRange(system.VcpuMmapSize, 4096, 1 << 20);
        Assert.NotEqual(0, system.CheckExtension(Uapi.KVM_CAP_IRQFD));
        Assert.NotEqual(0, system.CheckExtension(Uapi.KVM_CAP_IOEVENTFD));
        Assert.Equal(0, system.CheckExtension(Uapi.KVM_CAP_S390_UCONTROL));
    }

    [Fact]
    public void Supported_cpuid_has_the_vendor_and_KVM_leaves()
    {
        using KvmSystem system = KvmSystem.Open();

        kvm_cpuid_entry2[] entries = system.GetSupportedCpuid();

        Assert.Contains(entries, entry => entry.function == 0 && entry.ebx != 0);
        Assert.Contains(entries, entry => entry.function == Uapi.KVM_CPUID_SIGNATURE);
    }

    [Fact]
    public void The_list_of_MSRs_has_the_time_stamp_counter()
    {
        const uint Ia32Tsc = 0x10;
        using KvmSystem system = KvmSystem.Open();

        Assert.Contains(Ia32Tsc, system.GetMsrIndexList());
        Assert.NotEmpty(system.GetMsrFeatureIndexList());
    }

    [Fact]
    public void A_missing_device_is_named_with_its_error()
    {
        LinuxException error = Assert.Throws<LinuxException>(() => KvmSystem.Open("/dev/no-such-kvm"));

        Assert.Equal("open /dev/no-such-kvm: ENOENT (No such file or directory)", error.Message);
        Assert.Equal(Uapi.ENOENT, error.Errno);
    }

    [Fact]
    public void A_device_that_is_not_KVM_is_refused()
    {
        NotSupportedException error = Assert.Throws<NotSupportedException>(() => KvmSystem.Open("/dev/null"));

        Assert.Contains("/dev/null is not KVM", error.Message, StringComparison.Ordinal);
        Assert.Contains("ENOTTY", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_closed_system_is_not_used()
    {
        KvmSystem system = KvmSystem.Open();
        system.Dispose();

        Assert.Throws<ObjectDisposedException>(() => system.ApiVersion);
    }
}
