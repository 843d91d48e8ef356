using System.Net.Sockets;
using Pyro.Protocol;

namespace Pyro.Agent.Tests;

/// <summary>
/// All processes stand still for somebody who copies the machine. A connection that is reset, as a restored machine's are,
/// is had on a Unix socket by closing it with the answer unread.
/// </summary>
public sealed class HoldTests : IDisposable
{
    private readonly AgentProcess _agent = new();

    // Not IAsyncDisposable, which this version of xunit does not know of.
    public void Dispose() => EndAsync().GetAwaiter().GetResult();

    private async Task EndAsync()
    {
        await using AgentProcess ended = _agent;
        // An agent that holds its processes lets them go before it ends.
        await using GuestConnection connection = await _agent.ConnectAsync();
        await connection.ResumeAsync(Nobody, AgentProcess.Soon);
    }

    private static ResumeRequest Nobody => new() { UnixNanoseconds = 0, Entropy = new byte[16], MachineId = "" };

    [Fact]
    public async Task Processes_stand_still_while_a_hold_lasts_and_go_on_after_it()
    {
        await using ExecStream exec = await CountAsync();
        await NextAsync(exec);
        GuestConnection hold = await HoldAsync();
        await DrainAsync(exec);
        Assert.False(await GoesOnAsync(exec));
        Assert.Equal(1U, (await _agent.InfoAsync()).RunningCommands);
        await hold.DisposeAsync();
        Assert.True(await GoesOnAsync(exec));
    }

    [Fact]
    public async Task Of_two_holders_the_last_lets_go()
    {
        await using ExecStream exec = await CountAsync();
        await NextAsync(exec);
        GuestConnection first = await HoldAsync(), second = await HoldAsync();
        await DrainAsync(exec);
        await first.DisposeAsync();
        Assert.False(await GoesOnAsync(exec));
        GuestConnection third = await HoldAsync();
        await second.DisposeAsync();
        Assert.False(await GoesOnAsync(exec));
        await third.DisposeAsync();
        Assert.True(await GoesOnAsync(exec));
    }

    [Fact]
    public async Task A_command_that_comes_meanwhile_starts_when_the_hold_ends()
    {
        GuestConnection hold = await HoldAsync();
        Task<ExecResult> command = _agent.ShellAsync("echo late");
        Assert.Equal(0U, (await _agent.InfoAsync()).RunningCommands);
        await Task.Delay(200);
        Assert.False(command.IsCompleted);
        await hold.DisposeAsync();
        Assert.Equal("late\n", (await command).Stdout);
    }

    [Fact]
    public async Task A_command_whose_caller_leaves_meanwhile_does_not_start()
    {
        string sleep = Processes.UniqueSleep();
        GuestConnection hold = await HoldAsync();
        NetworkStream caller = await _agent.OpenAsync();
        using (var writer = new FrameWriter(caller))
            await writer.WriteAsync(new ExecRequest { Arguments = ["sleep", sleep] }, AgentProcess.Soon);
        await caller.DisposeAsync();
        await _agent.InfoAsync();
        await hold.DisposeAsync();
        Assert.Equal("after\n", (await _agent.ShellAsync("echo after")).Stdout);
        Assert.Equal(0, Processes.Count(sleep));
    }

    [Fact]
    public async Task A_copy_stands_still_and_takes_no_command_until_it_is_resumed()
    {
        await using ExecStream exec = await CountAsync();
        await NextAsync(exec);
        await ResetHoldAsync();
        await DrainAsync(exec);
        Assert.False(await GoesOnAsync(exec));
        Assert.Equal(FailureCode.NotResumed, (await Assert.ThrowsAsync<GuestRequestException>(() => _agent.ShellAsync("true"))).Code);
        Assert.Equal(FailureCode.NotResumed, (await Assert.ThrowsAsync<GuestRequestException>(HoldAsync)).Code);

        await using (GuestConnection connection = await _agent.ConnectAsync())
            await connection.ResumeAsync(Nobody, AgentProcess.Soon);
        Assert.True(await GoesOnAsync(exec));
        Assert.Equal("own\n", (await _agent.ShellAsync("echo own")).Stdout);
    }

    [Fact]
    public async Task A_copy_stays_still_when_another_holder_lets_go_in_order()
    {
        await using ExecStream exec = await CountAsync();
        await NextAsync(exec);
        GuestConnection other = await HoldAsync();
        await ResetHoldAsync();
        await other.DisposeAsync();
        await DrainAsync(exec);
        Assert.False(await GoesOnAsync(exec));
    }

    [Fact]
    public async Task A_command_that_waited_for_a_hold_is_refused_in_the_copy()
    {
        NetworkStream hold = await BeginHoldAsync();
        Task<ExecResult> command = _agent.ShellAsync("true");
        await Task.Delay(100);
        await _agent.InfoAsync();
        Reset(hold);
        Assert.Equal(FailureCode.NotResumed, (await Assert.ThrowsAsync<GuestRequestException>(() => command)).Code);
    }

    [Fact]
    public async Task Without_cgroups_a_hold_is_refused_by_name()
    {
        await using var agent = new AgentProcess(cgroups: false);
        await using GuestConnection connection = await agent.ConnectAsync();
        GuestRequestException e = await Assert.ThrowsAsync<GuestRequestException>(() => connection.HoldAsync(new HoldRequest(), AgentProcess.Soon));
        Assert.Equal(FailureCode.HoldFailed, e.Code);
        Assert.Equal("alive\n", (await agent.ShellAsync("echo alive")).Stdout);
    }

    [Fact]
    public async Task A_held_command_can_be_killed_by_its_time_limit()
    {
        string sleep = Processes.UniqueSleep();
        await using ExecStream exec = await _agent.StartAsync(new ExecRequest { Arguments = ["sleep", sleep], TimeoutMilliseconds = 300 });
        await using GuestConnection hold = await HoldAsync();
        ExecEvent end = await exec.ReadAsync(AgentProcess.Soon);
        Assert.True(end.Exit.TimedOut);
    }

    // Without sleeping it would be done before it is held.
    private Task<ExecStream> CountAsync() =>
        _agent.StartAsync(new ExecRequest { Arguments = ["sh", "-c", "i=0; while :; do echo $((i = i + 1)); sleep 0.01; done"] });

    private async Task<GuestConnection> HoldAsync()
    {
        GuestConnection connection = await _agent.ConnectAsync();
        await connection.HoldAsync(new HoldRequest(), AgentProcess.Soon);
        return connection;
    }

    private async Task<NetworkStream> BeginHoldAsync()
    {
        NetworkStream stream = await _agent.OpenAsync();
        using var writer = new FrameWriter(stream);
        await writer.WriteAsync(new HoldRequest(), AgentProcess.Soon);
        while (stream.Socket.Available == 0)
            await Task.Delay(5);
        return stream;
    }

    private async Task ResetHoldAsync()
    {
        Reset(await BeginHoldAsync());
        // The agent reads of it before it answers this.
        await _agent.InfoAsync();
    }

    // The stream's own end would be an orderly one.
    private static void Reset(NetworkStream stream) => stream.Socket.Dispose();

    private static async Task NextAsync(ExecStream exec) => Assert.Equal(ExecEventKind.Stdout, (await exec.ReadAsync(AgentProcess.Soon)).Kind);

    // What was printed before all stood still.
    private static async Task DrainAsync(ExecStream exec)
    {
        for (int lines = 0; await GoesOnAsync(exec); lines++)
            Assert.InRange(lines, 0, 1000);
    }

    private static async Task<bool> GoesOnAsync(ExecStream exec)
    {
        using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        try
        {
            await exec.ReadAsync(soon.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
