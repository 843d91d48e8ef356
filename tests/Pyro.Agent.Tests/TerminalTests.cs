using System.Text;
using Pyro.Protocol;

namespace Pyro.Agent.Tests;

public sealed class TerminalTests(AgentProcess agent) : IClassFixture<AgentProcess>
{
    [Fact]
    public async Task A_terminal_has_its_size_and_is_controlled()
    {
        string text = await RunAsync("test -t 0 && test -t 1 && test -t 2 && echo all; stty size; echo to-tty >/dev/tty; echo err >&2; echo $TERM", new(101, 37));

        Assert.Equal("all\r\n37 101\r\nto-tty\r\nerr\r\nxterm-256color\r\n", text);
    }

    [Fact]
    public async Task Without_a_terminal_there_is_none()
        => Assert.Equal("none\n", (await agent.ShellAsync("test -t 0 || test -t 1 || test -t 2 || (echo x >/dev/tty) 2>/dev/null || echo none")).Stdout);

    [Fact]
    public async Task A_resize_reaches_the_command()
    {
        await using ExecStream exec = await StartAsync("trap 'stty size; exit 3' WINCH; echo ready; while :; do sleep 0.05; done");
        await ExpectAsync(exec, "ready\r\n");

        await exec.ResizeAsync(new(120, 50), AgentProcess.Soon);

        await ExpectAsync(exec, "50 120\r\n");
        Assert.Equal(3, (await exec.ReadAsync(AgentProcess.Soon)).Exit.Code);
    }

    [Fact]
    public async Task Ctrl_C_typed_interrupts_the_foreground()
    {
        await using ExecStream exec = await StartAsync("trap 'echo caught; exit 7' INT; echo ready; while :; do sleep 0.05; done");
        await ExpectAsync(exec, "ready\r\n");
        Task<ExitedMessage> end = ToEndAsync(exec);

        Assert.True(await exec.WriteStdinAsync(new byte[] { 3 }, AgentProcess.Soon));

        Assert.Equal(7, (await end).Code);
    }

    [Fact]
    public async Task An_interrupt_signal_goes_to_the_foreground_group_of_a_shell()
    {
        string sleep = Processes.UniqueSleep();
        await using ExecStream exec = await agent.StartAsync(new ExecRequest { Arguments = ["bash", "--norc", "-i"], Terminal = new(80, 24), Stdin = true });
        Task<ExitedMessage> end = ToEndAsync(exec);
        Assert.True(await exec.WriteStdinAsync(Encoding.UTF8.GetBytes($"sleep {sleep}\n"), AgentProcess.Soon));
        await Processes.WaitForAsync(sleep, 1);

        await exec.SignalAsync(2, AgentProcess.Soon);

        await Processes.WaitForAsync(sleep, 0);
        Assert.False(end.IsCompleted);
        Assert.True(await exec.WriteStdinAsync("exit 11\n"u8.ToArray(), AgentProcess.Soon));
        Assert.Equal(11, (await end).Code);
    }

    [Fact]
    public async Task The_end_of_input_is_typed()
    {
        await using ExecStream exec = await StartAsync("stty -echo; echo ready; cat; echo over");
        await ExpectAsync(exec, "ready\r\n");
        Task<ExitedMessage> end = ToEndAsync(exec);

        await exec.WriteStdinAsync("line\n"u8.ToArray(), AgentProcess.Soon);
        await exec.CloseStdinAsync(AgentProcess.Soon);

        Assert.Equal(0, (await end).Code);
    }

    [Fact]
    public async Task All_output_arrives_before_the_exit()
    {
        for (int i = 0; i < 20; i++)
            Assert.Equal(700_000, (await RunAsync("head -c 700000 /dev/zero | tr '\\0' x", new(80, 24))).Length);
    }

    [Fact]
    public async Task A_missing_command_is_told_on_the_terminal()
    {
        ExecResult result = await agent.RunAsync(new ExecRequest { Arguments = ["no-such-command"], Terminal = new(80, 24) });

        Assert.Equal((127, "pyro: no-such-command: command not found\r\n", ""), (result.Exit.Code, result.Stdout, result.Stderr));
    }

    private static async Task ExpectAsync(ExecStream exec, string expected)
    {
        string text = "";
        while (text.Length < expected.Length)
            text += Encoding.UTF8.GetString((await exec.ReadAsync(AgentProcess.Soon)).Data.Span);
        Assert.Equal(expected, text);
    }

    private static Task<ExitedMessage> ToEndAsync(ExecStream exec) => exec.RunAsync(null, Stream.Null, Stream.Null, AgentProcess.Soon);

    private Task<ExecStream> StartAsync(string script)
        => agent.StartAsync(new ExecRequest { Arguments = ["sh", "-c", script], Terminal = new(80, 24), Stdin = true });

    private async Task<string> RunAsync(string script, TerminalSize size)
        => (await agent.RunAsync(new ExecRequest { Arguments = ["sh", "-c", script], Terminal = size })).Stdout;
}
