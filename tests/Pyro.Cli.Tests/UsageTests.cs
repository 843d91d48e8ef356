using System.Text.Json;

namespace Pyro.Cli.Tests;

public sealed class UsageTests
{
    [Fact]
    public async Task Version_is_one_line()
    {
        (int code, string stdout, string stderr) = await PyroProcess.RunAsync("--version");

        Assert.Equal(0, code);
        Assert.Matches(@"^pyro \d+\.\d+\.\d+\n$", stdout);
        Assert.Empty(stderr);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("run", "--help")]
    [InlineData("env", "--help")]
    [InlineData("doctor", "--help")]
    [InlineData("bench", "boot", "--help")]
    [InlineData("mcp", "serve", "--help")]
    [InlineData("completion", "--help")]
    public async Task Help_teaches_by_example(params string[] arguments)
    {
        (int code, string stdout, string stderr) = await PyroProcess.RunAsync(arguments);

        Assert.Equal(0, code);
        Assert.Contains("Examples:", stdout, StringComparison.Ordinal);
        Assert.Empty(stderr);
    }

    [Fact]
    public async Task Help_lists_every_verb()
    {
        (_, string stdout, _) = await PyroProcess.RunAsync("--help");

        foreach (string verb in (string[])["run", "env", "doctor", "demo", "bench", "mcp", "completion"])
            Assert.Contains($"\n  {verb} ", stdout, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData]
    [InlineData("no-such-verb")]
    [InlineData("run")]
    [InlineData("run", "debian:12")]
    [InlineData("run", "debian:12", "--no-such-flag", "--", "true")]
    [InlineData("run", "debian:12", "true")]
    [InlineData("run", "debian:12", "true", "--", "true")]
    [InlineData("run", "debian:12", "--vcpu-count", "many", "--", "true")]
    [InlineData("run", "debian:12", "--vcpu-count", "33", "--", "true")]
    [InlineData("run", "debian:12", "--mem-mib", "1", "--", "true")]
    [InlineData("run", "debian:12", "--timeout-seconds", "0", "--", "true")]
    [InlineData("run", "debian:12", "--env", "NOVALUE", "--", "true")]
    [InlineData("run", "debian:12", "--workdir", "relative", "--", "true")]
    [InlineData("bench", "boot", "--runs", "0")]
    [InlineData("mcp", "serve", "--profile", "no-such-profile")]
    [InlineData("completion", "tcsh")]
    public async Task Bad_usage_is_two_lines_and_exit_code_2(params string[] arguments)
    {
        (int code, string stdout, string stderr) = await PyroProcess.RunAsync(arguments);

        Assert.Equal(2, code);
        Assert.Empty(stdout);
        string[] lines = stderr.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        Assert.StartsWith("pyro: ", lines[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bad_usage_with_json_is_a_document()
    {
        (int code, string stdout, string stderr) = await PyroProcess.RunAsync("run", "debian:12", "--json", "--vcpu-count", "99", "--", "true");

        Assert.Equal(2, code);
        Assert.Empty(stderr);
        using JsonDocument document = JsonDocument.Parse(stdout);
        Assert.False(document.RootElement.GetProperty("ok").GetBoolean());
        Assert.Equal("invalid_argument", document.RootElement.GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task An_unknown_profile_is_answered_with_those_there_are()
    {
        (_, _, string stderr) = await PyroProcess.RunAsync("mcp", "serve", "--profile", "nonsense");

        Assert.Contains("vm-run", stderr, StringComparison.Ordinal);
    }
}
