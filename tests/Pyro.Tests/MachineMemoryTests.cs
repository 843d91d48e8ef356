namespace Pyro.Tests;

public sealed class MachineMemoryTests
{
    [Fact]
    public void It_is_what_the_kernel_says_of_a_process()
    {
        MachineMemory? memory = MachineMemory.Of(Environment.ProcessId);
        Assert.NotNull(memory);
        // This process runs .NET: not less than some MiB, not more than it has had at most.
        Assert.InRange(memory.Private, 4 << 10, memory.Peak);
        Assert.InRange(memory.Peak, memory.Private, 64L << 20);
    }

    [Fact]
    public void A_process_that_is_gone_has_none() => Assert.Null(MachineMemory.Of(int.MaxValue));
}
