namespace Pyro.Cli.Tests;

public sealed class CompletionTests
{
    [Theory]
    [InlineData("pyro r", "run")]
    [InlineData("pyro run --vcpu", "--vcpu-count")]
    [InlineData("pyro run --st", "--stats")]
    [InlineData("pyro mcp serve --profile ", "vm-run")]
    [InlineData("pyro completion z", "zsh")]
    [InlineData("pyro run debian:12-bu", "12-build")]
    public async Task Bash_completes(string line, string expected)
    {
        string[] answers = await BashAsync(line);

        Assert.Contains(expected, answers);
    }

    [Fact]
    public async Task Behind_two_dashes_files_are_completed_not_flags()
    {
        Assert.Empty(await BashAsync("pyro run debian:12 -- --vc"));
    }

    [Theory]
    [InlineData("zsh", "#compdef pyro")]
    [InlineData("fish", "complete -c pyro")]
    public async Task Other_shells_have_a_script(string shell, string part)
    {
        (int code, string stdout, _) = await PyroProcess.RunAsync("completion", shell);

        Assert.Equal(0, code);
        Assert.Contains(part, stdout, StringComparison.Ordinal);
    }

    // Bash itself calls the function that `complete` has registered.
    private static async Task<string[]> BashAsync(string line)
    {
        const string Script = """
            source <(pyro completion bash)
            complete -p pyro | grep -q '_pyro' || exit 1
            COMP_LINE=$1 COMP_POINT=${#1}
            _pyro
            printf '%s\n' "${COMPREPLY[@]}"
            """;
        using PyroProcess bash = PyroProcess.Start("bash", "-c", Script, "bash", line);
        string output = await bash.ReadToEndAsync();
        Assert.Equal(0, await bash.ExitCodeAsync());
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
