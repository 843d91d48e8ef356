using System.Security.Cryptography;
using Pyro.Protocol;

namespace Pyro.Agent.Tests;

public sealed class ExecTests(AgentProcess agent) : IClassFixture<AgentProcess>
{
    [Theory]
    [InlineData("exit 0", 0, 0)]
    [InlineData("exit 1", 1, 0)]
    [InlineData("exit 255", 255, 0)]
    [InlineData("kill -TERM $$", 0, 15)]
    [InlineData("kill -KILL $$", 0, 9)]
    public async Task The_exit_code_or_the_signal_is_told(string script, int code, int signal)
    {
        ExecResult result = await agent.ShellAsync(script);

        Assert.Equal(new ExitedMessage(code, signal, false), result.Exit);
        Assert.Equal(signal == 0 ? code : 128 + signal, result.Exit.ShellCode);
    }

    [Fact]
    public async Task Stdout_and_stderr_are_apart_and_binary()
    {
        ExecResult result = await agent.ShellAsync("printf 'out\\000\\377'; printf 'err\\001\\376' >&2");

        Assert.Equal([.. "out"u8, 0, 255], result.StdoutBytes);
        Assert.Equal([.. "err"u8, 1, 254], result.StderrBytes);
    }

    [Fact]
    public async Task A_missing_command_exits_with_127_and_says_so()
    {
        ExecResult result = await agent.RunAsync(new ExecRequest { Arguments = ["no-such-command"] });

        Assert.Equal((127, "pyro: no-such-command: command not found\n"), (result.Exit.Code, result.Stderr));
        Assert.Equal(127, (await agent.RunAsync(new ExecRequest { Arguments = ["/no/such"] })).Exit.Code);
        Assert.Equal(127, (await agent.RunAsync(new ExecRequest { Arguments = [""] })).Exit.Code);
    }

    [Fact]
    public async Task What_cannot_be_run_exits_with_126_and_says_so()
    {
        using var folder = new TemporaryFolder();
        string plain = folder.Write("plain", "echo no", executable: false);
        string binary = folder.Write("binary", "\u0001\0\u0002", executable: true);

        ExecResult result = await agent.RunAsync(new ExecRequest { Arguments = [plain] });
        Assert.Equal((126, $"pyro: {plain}: Permission denied\n"), (result.Exit.Code, result.Stderr));
        Assert.Equal(126, (await agent.RunAsync(new ExecRequest { Arguments = ["plain"], Environment = [new("PATH", folder.Path)] })).Exit.Code);
        Assert.Equal(126, (await agent.RunAsync(new ExecRequest { Arguments = [folder.Path] })).Exit.Code);
        result = await agent.RunAsync(new ExecRequest { Arguments = [binary] });
        Assert.Equal((126, $"pyro: {binary}: Exec format error\n"), (result.Exit.Code, result.Stderr));
        Assert.Equal(126, (await agent.RunAsync(new ExecRequest { Arguments = ["echo", new string('x', 200_000)] })).Exit.Code);
    }

    [Fact]
    public async Task Scripts_run_as_in_a_shell()
    {
        using var folder = new TemporaryFolder();
        string plain = folder.Write("plain", "echo plain $1", executable: true);
        string orphan = folder.Write("orphan", "#!/no/such/interpreter\n", executable: true);

        Assert.Equal("plain x\n", (await agent.RunAsync(new ExecRequest { Arguments = [plain, "x"] })).Stdout);
        Assert.Equal(127, (await agent.RunAsync(new ExecRequest { Arguments = [orphan] })).Exit.Code);
    }

    [Fact]
    public async Task The_command_is_looked_up_in_the_path_of_its_environment()
    {
        using var folder = new TemporaryFolder();
        folder.Write("greet", "#!/bin/sh\necho hi", executable: true);

        ExecResult result = await agent.RunAsync(new ExecRequest { Arguments = ["greet"], Environment = [new("PATH", $"/nowhere:{folder.Path}")] });
        Assert.Equal("hi\n", result.Stdout);
        Assert.Equal("hi\n", (await agent.RunAsync(new ExecRequest { Arguments = ["./greet"], WorkingDirectory = folder.Path })).Stdout);
        Assert.Equal(127, (await agent.RunAsync(new ExecRequest { Arguments = ["greet"] })).Exit.Code);
    }

    [Fact]
    public async Task The_environment_is_the_default_with_the_requested_over_it()
    {
        ExecResult result = await agent.RunAsync(new ExecRequest { Arguments = ["env"], Environment = [new("A", "b=c\n€"), new("HOME", "/tmp")] });
        Assert.Contains("A=b=c\n€\n", result.Stdout, StringComparison.Ordinal);
        Assert.Contains("HOME=/tmp\n", result.Stdout, StringComparison.Ordinal);
        Assert.Contains("PATH=/usr/local/sbin:", result.Stdout, StringComparison.Ordinal);
        Assert.DoesNotContain("DOTNET", result.Stdout, StringComparison.Ordinal);

        result = await agent.RunAsync(new ExecRequest { Arguments = ["/usr/bin/env"], ClearEnvironment = true, Environment = [new("ONLY", "1")] });
        Assert.Contains("ONLY=1\n", result.Stdout, StringComparison.Ordinal);
        Assert.DoesNotContain("PATH=", result.Stdout, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_working_directory_is_set_or_refused()
    {
        Assert.Equal("/usr\n", (await agent.RunAsync(new ExecRequest { Arguments = ["pwd"], WorkingDirectory = "/usr" })).Stdout);
        Assert.Equal("/\n", (await agent.RunAsync(new ExecRequest { Arguments = ["pwd"], Environment = [new("HOME", "/missing")] })).Stdout);
        foreach (string directory in (string[])["/missing", "relative", "/etc/passwd"])
        {
            GuestRequestException e = await Assert.ThrowsAsync<GuestRequestException>(
                () => agent.StartAsync(new ExecRequest { Arguments = ["pwd"], WorkingDirectory = directory }));
            Assert.Equal(FailureCode.BadDirectory, e.Code);
            Assert.Contains(directory, e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_command_starts_clean()
    {
        // Nothing blocked or ignored, no descriptor but its own three (and the folder that ls reads), its own session.
        string script = "grep -E '^Sig(Blk|Ign)' /proc/self/status; ls /proc/self/fd | wc -l; ps -o sid= -p $$ | tr -d ' '; echo $$";
        string[] lines = (await agent.RunAsync(new ExecRequest { Arguments = ["sh", "-c", script] })).Stdout.Split('\n');

        Assert.Equal(["SigBlk:\t0000000000000000", "SigIgn:\t0000000000000000", "4"], lines[..3]);
        Assert.Equal(lines[4], lines[3]);
    }

    [Fact]
    public async Task Without_stdin_there_is_none_and_with_it_it_ends()
    {
        Assert.Equal("", (await agent.ShellAsync("cat")).Stdout);
        Assert.Equal("", (await agent.ShellAsync("cat", stdin: [])).Stdout);
        Assert.Equal("hello", (await agent.ShellAsync("cat", stdin: "hello"u8.ToArray())).Stdout);
    }

    [Fact]
    public async Task Stdin_of_64_MiB_comes_back_through_cat_unchanged()
    {
        var input = new byte[64 << 20];
        new Random(5).NextBytes(input);

        ExecResult result = await agent.RunAsync(new ExecRequest { Arguments = ["cat"], Stdin = true }, input);

        Assert.Equal(0, result.Exit.Code);
        Assert.Equal(SHA256.HashData(input), SHA256.HashData(result.StdoutBytes));
    }

    [Fact]
    public async Task Stdin_that_a_command_does_not_read_does_not_hold_it()
    {
        var input = new byte[4 << 20];

        Assert.Equal("x", (await agent.ShellAsync("head -c1 >/dev/null; exec <&-; printf x", input)).Stdout);
        Assert.Equal(3, (await agent.ShellAsync("exit 3", input)).Exit.Code);
    }

    [Fact]
    public async Task A_signal_reaches_a_command_whose_stdin_is_stuck()
    {
        await using ExecStream exec = await agent.StartAsync(new ExecRequest { Arguments = ["sleep", "1000"], Stdin = true });
        Task<ExecEvent> read = exec.ReadAsync(AgentProcess.Soon).AsTask();
        Task<bool> write = exec.WriteStdinAsync(new byte[10 << 20], AgentProcess.Soon).AsTask();
        await Task.Delay(200);
        Assert.False(write.IsCompleted);

        await exec.SignalAsync(15, AgentProcess.Soon);

        Assert.Equal(15, (await read).Exit.Signal);
        Assert.False(await write);
    }

    [Fact]
    public async Task A_signal_goes_to_the_process_group()
    {
        string sleep = Processes.UniqueSleep();
        await using ExecStream exec = await agent.StartAsync(new ExecRequest { Arguments = ["sh", "-c", $"sleep {sleep} & wait"] });
        await Processes.WaitForAsync(sleep, 1);

        await exec.SignalAsync(1, AgentProcess.Soon);

        Assert.Equal(1, (await exec.ReadAsync(AgentProcess.Soon)).Exit.Signal);
        await Processes.WaitForAsync(sleep, 0);
    }

    [Fact]
    public async Task A_signal_can_be_handled()
    {
        await using ExecStream exec = await agent.StartAsync(new ExecRequest { Arguments = ["sh", "-c", "trap 'echo caught; exit 9' USR1; echo ready; while :; do sleep 0.05; done"] });
        Assert.Equal("ready\n"u8.ToArray(), (await exec.ReadAsync(AgentProcess.Soon)).Data.ToArray());

        await exec.SignalAsync(10, AgentProcess.Soon);

        ExecEvent next = await exec.ReadAsync(AgentProcess.Soon);
        while (next.Kind == ExecEventKind.Stderr)
            next = await exec.ReadAsync(AgentProcess.Soon);
        Assert.Equal("caught\n"u8.ToArray(), next.Data.ToArray());
        Assert.Equal(9, (await exec.ReadAsync(AgentProcess.Soon)).Exit.Code);
    }

    [Fact]
    public async Task A_process_left_behind_does_not_hold_the_connection_and_lives_on()
    {
        string sleep = Processes.UniqueSleep();
        long start = Environment.TickCount64;

        ExecResult result = await agent.ShellAsync($"echo before; sleep {sleep} & (sleep 0.03; echo after) & exit 4");

        Assert.InRange(Environment.TickCount64 - start, 0, 5_000);
        Assert.Equal((4, "before\nafter\n"), (result.Exit.Code, result.Stdout));
        Assert.Equal(1, Processes.Count(sleep));
        await EndLeftBehindAsync(sleep);
        for (int i = 0; i < 100 && Processes.Zombies(agent.Id) > 0; i++)
            await Task.Delay(20);
        Assert.Equal(0, Processes.Zombies(agent.Id));
    }

    [Fact]
    public async Task A_process_left_behind_that_keeps_printing_does_not_hold_the_connection()
    {
        string word = Processes.UniqueSleep();

        ExecResult result = await agent.ShellAsync($"yes {word} & exit 5");

        Assert.Equal(5, result.Exit.Code);
        await Processes.WaitForAsync(word, 0);
    }

    [Fact]
    public async Task All_that_was_printed_before_the_end_arrives_even_when_the_host_is_slow()
    {
        string sleep = Processes.UniqueSleep();
        await using ExecStream exec = await agent.StartAsync(new ExecRequest { Arguments = ["sh", "-c", $"head -c 5000000 /dev/zero; sleep {sleep} & exit 6"] });
        await Task.Delay(1500);
        long total = 0;
        ExecEvent next;
        while ((next = await exec.ReadAsync(AgentProcess.Soon)).Kind == ExecEventKind.Stdout)
            total += next.Data.Length;

        Assert.Equal((5_000_000L, 6), (total, next.Exit.Code));
        await EndLeftBehindAsync(sleep);
    }

    [Fact]
    public async Task Sixty_four_commands_run_at_once()
    {
        ExecResult[] results = await Task.WhenAll(Enumerable.Range(0, 64).Select(i
            => agent.ShellAsync($"cat; sleep 0.2; head -c 100000 /dev/zero; exit {i}", new byte[i * 1000])));

        for (int i = 0; i < results.Length; i++)
            Assert.Equal((i, 100_000 + (i * 1000)), (results[i].Exit.Code, results[i].StdoutBytes.Length));
        Assert.Equal(0U, (await agent.InfoAsync()).RunningCommands);
    }

    [Fact]
    public async Task Nothing_is_left_of_commands_that_ended()
    {
        await RunAllKindsAsync();
        await Task.Delay(100);
        int descriptors = agent.Descriptors;
        for (int i = 0; i < 5; i++)
            await RunAllKindsAsync();

        for (int i = 0; i < 100 && agent.Descriptors > descriptors; i++)
            await Task.Delay(50);
        Assert.Equal(descriptors, agent.Descriptors);
        Assert.Equal(0, Processes.Zombies(agent.Id));

        async Task RunAllKindsAsync()
        {
            for (int i = 0; i < 30; i++)
                await agent.RunAsync(new ExecRequest { Arguments = [i % 3 == 0 ? "missing" : "true"], Stdin = i % 2 == 0, Terminal = i % 5 == 0 ? new(80, 24) : null });
        }
    }

    // The pattern does not match the shell that it is an argument of.
    private async Task EndLeftBehindAsync(string sleep)
    {
        await agent.ShellAsync($"pkill -f 'sleep {sleep.Replace(".", "[.]")}'");
        await Processes.WaitForAsync(sleep, 0);
    }
}
