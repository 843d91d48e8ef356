namespace Pyro.EndToEnd;

[Collection(HostCollection.Name)]
public sealed class ExitCodeTests(Host host)
{
    [Fact]
    public async Task The_first_command_of_the_readme_prints_a_git_version()
    {
        CommandResult result = await host.PyroAsync("run", "debian:12", "--", "git", "--version");
        Assert.True(result.ExitCode == 0, $"{result}");
        Assert.StartsWith("git version 2.", result.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "true")]
    [InlineData(1, "false")]
    [InlineData(42, "sh", "-c", "exit 42")]
    [InlineData(255, "sh", "-c", "exit 255")]
    [InlineData(137, "sh", "-c", "kill -9 $$")]
    [InlineData(126, "/etc/passwd")]
    [InlineData(127, "no-such-command")]
    public async Task The_exit_code_is_the_commands(int expected, params string[] command)
    {
        CommandResult result = await host.PyroAsync(["run", "debian:12", "--", .. command]);
        Assert.True(result.ExitCode == expected, $"{result}");
        Assert.Empty(result.Stdout);
    }

    [Fact]
    public async Task A_command_over_its_time_limit_ends_with_124()
    {
        CommandResult result = await host.PyroAsync("run", "debian:12", "--timeout-seconds", "2", "--", "sh", "-c", "echo begun; sleep 1000");
        Assert.True(result.ExitCode == 124, $"{result}");
        Assert.Equal("begun\n", result.Text);
    }

    [Fact]
    public async Task A_missing_command_is_a_usage_error()
    {
        CommandResult result = await host.PyroAsync("run", "debian:12");
        Assert.True(result.ExitCode == 2, $"{result}");
    }
}
