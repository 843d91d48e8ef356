using Pyro.Protocol;

namespace Pyro.Agent.Tests;

public sealed class KillTests : IDisposable
{
    private AgentProcess? _agent;

    public void Dispose() => _agent?.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_time_limit_kills_the_whole_tree(bool cgroups)
    {
        _agent = new AgentProcess(cgroups);
        string sleep = Processes.UniqueSleep();

        ExecResult result = await _agent.ShellAsync(Tree(sleep), timeoutMilliseconds: 1000);

        Assert.Equal(new ExitedMessage(0, 9, true), result.Exit);
        Assert.Equal("started\n", result.Stdout);
        await Processes.WaitForAsync(sleep, 0);
        Assert.Equal(0, Processes.Zombies(_agent.Id));
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public async Task A_lost_connection_kills_the_whole_tree(bool cgroups, bool terminal)
    {
        _agent = new AgentProcess(cgroups);
        string sleep = Processes.UniqueSleep();
        ExecStream exec = await _agent.StartAsync(new ExecRequest { Arguments = ["sh", "-c", Tree(sleep)], Stdin = true, Terminal = terminal ? new(80, 24) : null });
        await Processes.WaitForAsync(sleep, 4);

        await exec.DisposeAsync();

        await Processes.WaitForAsync(sleep, 0);
        for (int i = 0; i < 100 && (await _agent.InfoAsync()).RunningCommands > 0; i++)
            await Task.Delay(20);
        Assert.Equal(0U, (await _agent.InfoAsync()).RunningCommands);
        Assert.Equal(0, Processes.Zombies(_agent.Id));
    }

    [Fact]
    public async Task A_lost_connection_is_seen_while_output_is_stuck()
    {
        _agent = new AgentProcess();
        string word = Processes.UniqueSleep();
        ExecStream exec = await _agent.StartAsync(new ExecRequest { Arguments = ["yes", word] });
        await Task.Delay(300);

        await exec.DisposeAsync();

        await Processes.WaitForAsync(word, 0);
    }

    [Fact]
    public async Task A_time_limit_holds_while_output_is_stuck()
    {
        _agent = new AgentProcess();
        string word = Processes.UniqueSleep();
        await using ExecStream exec = await _agent.StartAsync(new ExecRequest { Arguments = ["yes", word], TimeoutMilliseconds = 300 });

        await Processes.WaitForAsync(word, 1);
        await Processes.WaitForAsync(word, 0);

        ExecEvent next;
        do
            next = await exec.ReadAsync(AgentProcess.Soon);
        while (next.Kind != ExecEventKind.Exited);
        Assert.True(next.Exit.TimedOut);
    }

    [Fact]
    public async Task A_command_faster_than_its_limit_is_not_timed_out()
    {
        _agent = new AgentProcess();

        Assert.Equal(new ExitedMessage(2, 0, false), (await _agent.ShellAsync("exit 2", timeoutMilliseconds: 60_000)).Exit);
    }

    [Fact]
    public async Task Power_off_ends_commands_first_kindly_and_then_the_agent()
    {
        _agent = new AgentProcess();
        string stubborn = Processes.UniqueSleep();
        await using ExecStream kind = await _agent.StartAsync(new ExecRequest { Arguments = ["sh", "-c", "trap 'exit 8' TERM; echo ready; while :; do sleep 0.05; done"] });
        Assert.Equal(ExecEventKind.Stdout, (await kind.ReadAsync(AgentProcess.Soon)).Kind);
        await using ExecStream deaf = await _agent.StartAsync(new ExecRequest { Arguments = ["sh", "-c", $"trap '' TERM; setsid sleep {stubborn} & echo ready; wait"] });
        Assert.Equal(ExecEventKind.Stdout, (await deaf.ReadAsync(AgentProcess.Soon)).Kind);

        Task<int> off = _agent.PowerOffAsync(graceMilliseconds: 1000);

        ExecEvent end;
        do
            end = await kind.ReadAsync(AgentProcess.Soon);
        while (end.Kind != ExecEventKind.Exited);
        Assert.Equal(8, end.Exit.Code);
        Assert.Equal(9, (await deaf.ReadAsync(AgentProcess.Soon)).Exit.Signal);
        Assert.Equal(0, await off);
        Assert.Equal(0, Processes.Count(stubborn));
    }

    // Four that sleep: a child, one in a session of its own, and two below a parent that has gone.
    private static string Tree(string sleep)
        => $"sleep {sleep} & setsid sleep {sleep} & (setsid sh -c 'sleep {sleep} & sleep {sleep} & exit' &); echo started; while :; do sleep 0.1; done";
}
