using Pyro.Protocol;

namespace Pyro.Agent.Tests;

[Collection(nameof(MemoryTests))]
[CollectionDefinition(nameof(MemoryTests), DisableParallelization = true)]
public sealed class MemoryTests
{
    [Fact]
    public async Task A_gibibyte_of_output_streams_in_constant_memory()
    {
        await using var agent = new AgentProcess();
        await agent.ShellAsync("head -c 10000000 /dev/zero");
        long before = agent.PeakKib;
        await using ExecStream exec = await agent.StartAsync(new ExecRequest { Arguments = ["head", "-c", "1073741824", "/dev/zero"] });

        long total = 0;
        long allocated = GC.GetTotalAllocatedBytes();
        ExecEvent next;
        while ((next = await exec.ReadAsync(AgentProcess.Soon)).Kind == ExecEventKind.Stdout)
            total += next.Data.Length;

        Assert.Equal((1L << 30, 0), (total, next.Exit.Code));
        Assert.InRange(agent.PeakKib - before, 0, 8 * 1024);
        Assert.InRange(GC.GetTotalAllocatedBytes() - allocated, 0, 256L << 20);
    }

    [Fact]
    public async Task Output_that_nobody_reads_stops_the_command_and_not_the_agent()
    {
        await using var agent = new AgentProcess();
        await agent.ShellAsync("true");
        long before = agent.PeakKib;
        await using ExecStream exec = await agent.StartAsync(new ExecRequest { Arguments = ["sh", "-c", "head -c 1000000000 /dev/zero; echo over >&2"] });
        await Task.Delay(500);

        Assert.Equal("alive\n", (await agent.ShellAsync("echo alive")).Stdout);
        Assert.InRange(agent.PeakKib - before, 0, 8 * 1024);
        await exec.SignalAsync(15, AgentProcess.Soon);
        long total = 0;
        ExecEvent next;
        while ((next = await exec.ReadAsync(AgentProcess.Soon)).Kind != ExecEventKind.Exited)
            total += next.Data.Length;
        Assert.InRange(total, 1, 10_000_000);
        Assert.Equal(15, next.Exit.Signal);
    }
}
