using Pyro.Kvm.Native;

namespace Pyro.Kvm.Tests.Layout;

public sealed class LayoutTests
{
    [Fact]
    public void Every_generated_type_constant_and_ioctl_is_what_the_C_compiler_says()
    {
        List<NativeFact> facts = [.. new NativeAssembly(typeof(kvm_run).Assembly, Committed.Metadata).Facts()];

        Assert.Contains(facts, fact => fact.Name == "offsetof kvm_run.io.data_offset" && fact.Managed == "8");
        Assert.Contains(facts, fact => fact.Name == "KVM_RUN" && fact.Managed == "44672");
        Assert.Contains(facts, fact => fact.Bitfield == "delivery_mode");
        Assert.Contains(facts, fact => fact.Name == "sizeof kvm_cpuid2.entries[3]");
        Assert.Empty(CCompiler.Differences(facts, Committed.Metadata));
    }
}
