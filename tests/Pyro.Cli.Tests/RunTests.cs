using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace Pyro.Cli.Tests;

/// <summary>The command line around a command on the host; what runs in machines is tested end to end.</summary>
public sealed class RunTests
{
    private static readonly string[] s_host = ["run", "debian:12", "--allow-host-compat"];

    [Fact]
    public async Task Without_kvm_it_fails_at_once_and_says_why()
    {
        var clock = Stopwatch.StartNew();
        (int code, string stdout, string stderr) = await PyroProcess.RunAsync("run", "debian:12", "--", "git", "--version");

        Assert.Equal(125, code);
        Assert.Empty(stdout);
        Assert.Contains("there is no /nonexistent/kvm", stderr, StringComparison.Ordinal);
        Assert.Equal(2, stderr.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(1), $"it took {clock.Elapsed}");
    }

    [Fact]
    public async Task Without_kvm_json_is_the_error_document_and_nothing_else()
    {
        (int code, string stdout, string stderr) = await PyroProcess.RunAsync("run", "debian:12", "--json", "--", "true");

        Assert.Equal(125, code);
        Assert.Empty(stderr);
        using JsonDocument document = JsonDocument.Parse(stdout);
        JsonElement error = document.RootElement.GetProperty("error");
        Assert.Equal("kvm_not_found", error.GetProperty("code").GetString());
        Assert.NotEmpty(error.GetProperty("hint").GetString()!);
    }

    [Theory]
    [InlineData("exit 0", 0)]
    [InlineData("exit 1", 1)]
    [InlineData("exit 42", 42)]
    [InlineData("kill -9 $$", 137)]
    public async Task The_exit_code_is_the_commands(string script, int code)
    {
        Assert.Equal(code, (await PyroProcess.RunAsync([.. s_host, "--", "sh", "-c", script])).ExitCode);
    }

    [Fact]
    public async Task The_command_gets_its_arguments_untouched()
    {
        (_, string stdout, _) = await PyroProcess.RunAsync([.. s_host, "--", "printf", "%s\\n", "--help", "@file", "-it", "--", "", "a b", "[suggest]", "--json"]);

        Assert.Equal("--help\n@file\n-it\n--\n\na b\n[suggest]\n--json\n", stdout);
    }

    [Fact]
    public async Task Payload_goes_to_standard_output_and_phases_to_standard_error()
    {
        (_, string stdout, string stderr) = await PyroProcess.RunAsync([.. s_host, "--", "echo", "payload"]);

        Assert.Equal("payload\n", stdout);
        Assert.Matches(@"(?m)^\[exec\] pid=\d+ mode=host_compat$", stderr);
        Assert.Matches(@"(?m)^\[done\] exit_code=0 exec_ms=[\d.]+ total_ms=[\d.]+$", stderr);
    }

    [Fact]
    public async Task Quiet_leaves_only_what_the_command_says()
    {
        (_, string stdout, string stderr) = await PyroProcess.RunAsync([.. s_host, "--quiet", "--", "sh", "-c", "echo out; echo err >&2"]);

        Assert.Equal("out\n", stdout);
        Assert.Equal("err\n", stderr);
    }

    [Fact]
    public async Task Statistics_of_no_machine_are_missed_by_a_line_and_change_nothing()
    {
        (int code, string stdout, string stderr) = await PyroProcess.RunAsync([.. s_host, "--quiet", "--stats", "--", "sh", "-c", "echo out; exit 3"]);

        Assert.Equal(3, code);
        Assert.Equal("out\n", stdout);
        Assert.Equal("pyro: no statistics: there is no machine that could tell them\n", stderr);

        (_, stdout, stderr) = await PyroProcess.RunAsync([.. s_host, "--json", "--stats", "--", "true"]);

        Assert.Empty(stderr);
        using JsonDocument document = JsonDocument.Parse(stdout);
        Assert.False(document.RootElement.TryGetProperty("stats", out _));
    }

    [Fact]
    public async Task Json_is_one_document_with_the_result()
    {
        (int code, string stdout, string stderr) = await PyroProcess.RunAsync([.. s_host, "--json", "--", "sh", "-c", "echo out; echo err >&2; exit 3"]);

        Assert.Equal(3, code);
        Assert.Empty(stderr);
        using JsonDocument document = JsonDocument.Parse(stdout);
        JsonElement root = document.RootElement;
        Assert.Equal("host_compat", root.GetProperty("execution_mode").GetString());
        Assert.Equal("out\n", root.GetProperty("stdout").GetString());
        Assert.Equal("err\n", root.GetProperty("stderr").GetString());
        Assert.True(root.GetProperty("timings_ms").GetProperty("total").GetDouble() > 0);
        Assert.StartsWith("{\n  \"environment\": ", stdout, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Standard_input_passes_through_byte_for_byte()
    {
        byte[] data = new byte[4 * 1024 * 1024];
        new Random(3).NextBytes(data);

        (int code, byte[] stdout, _) = await PyroProcess.RunAsync(data, [.. s_host, "-q", "--interactive", "--", "cat"]);

        Assert.Equal(0, code);
        Assert.True(data.AsSpan().SequenceEqual(stdout));
    }

    [Fact]
    public async Task Without_interactive_there_is_no_standard_input()
    {
        (int code, byte[] stdout, _) = await PyroProcess.RunAsync("secret"u8.ToArray(), [.. s_host, "-q", "--", "cat"]);

        Assert.Equal(0, code);
        Assert.Empty(stdout);
    }

    [Fact]
    public async Task Variables_and_working_directory_arrive()
    {
        (_, string stdout, _) = await PyroProcess.RunAsync([.. s_host, "--env", "A=1", "-e", "B=x=y", "--workdir", "/usr", "--", "sh", "-c", "echo $A $B; pwd"]);

        Assert.Equal("1 x=y\n/usr\n", stdout);
    }

    [Fact]
    public async Task The_time_limit_is_exit_code_124()
    {
        (int code, _, string stderr) = await PyroProcess.RunAsync([.. s_host, "--timeout-seconds", "1", "--", "sleep", "30"]);

        Assert.Equal(124, code);
        Assert.Contains("time limit of 1 s", stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_closed_reader_ends_the_run()
    {
        using PyroProcess shell = PyroProcess.Start("/bin/bash", "-c", "pyro run debian:12 --allow-host-compat -q -- yes | head -n 2; echo ${PIPESTATUS[0]}");

        Assert.Equal("y\ny\n141\n", await shell.ReadToEndAsync());
    }

    [Theory]
    [InlineData("INT", 130)]
    [InlineData("TERM", 143)]
    public async Task A_signal_stops_the_command(string signal, int code)
    {
        using PyroProcess pyro = PyroProcess.Start([.. s_host, "-q", "--", "sh", "-c", "echo $$; exec sleep 60"]);
        string? child = await pyro.ReadLineAsync();

        await pyro.SignalAsync(signal);

        Assert.Equal(code, await pyro.ExitCodeAsync());
        Assert.False(Directory.Exists($"/proc/{child}"));
    }

    [Fact]
    public async Task A_command_that_handles_its_signal_ends_as_it_likes()
    {
        using PyroProcess pyro = PyroProcess.Start([.. s_host, "-q", "--", "sh", "-c", "trap 'echo bye; exit 5' INT; echo ready; while :; do sleep 0.1; done"]);
        Assert.Equal("ready", await pyro.ReadLineAsync());

        await pyro.SignalAsync("INT");

        Assert.Equal("bye", await pyro.ReadLineAsync());
        Assert.Equal(5, await pyro.ExitCodeAsync());
    }

    [Fact]
    public async Task A_command_that_ignores_its_signal_is_stopped_after_a_while()
    {
        using PyroProcess pyro = PyroProcess.Start([.. s_host, "-q", "--", "sh", "-c", "trap '' INT; echo $$; while :; do sleep 1; done"]);
        string? child = await pyro.ReadLineAsync();

        await pyro.SignalAsync("INT");

        Assert.Equal(130, await pyro.ExitCodeAsync());
        Assert.False(Directory.Exists($"/proc/{child}"));
    }

    [Fact]
    public async Task A_terminal_is_a_terminal_and_is_left_as_it_was()
    {
        const string Script = "before=$(stty -g); pyro run debian:12 --allow-host-compat -q -it -- sh -c 'test -t 0 && test -t 1 && echo terminal'; test \"$before\" = \"$(stty -g)\" && echo same";
        using PyroProcess script = PyroProcess.Start("script", "-qec", Script, "/dev/null");

        string output = await script.ReadToEndAsync();

        Assert.Contains("terminal", output, StringComparison.Ordinal);
        Assert.Contains("same", output, StringComparison.Ordinal);
        Assert.Equal(0, await script.ExitCodeAsync());
    }
}
