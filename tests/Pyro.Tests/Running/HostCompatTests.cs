using System.Diagnostics;

namespace Pyro.Tests.Running;

public sealed class HostCompatTests
{
    private static readonly PyroClient s_client = new();

    [Theory]
    [InlineData("exit 0", 0)]
    [InlineData("exit 7", 7)]
    [InlineData("kill -TERM $$", 143)]
    [InlineData("kill -KILL $$", 137)]
    public async Task Exit_codes_are_those_of_a_shell(string script, int code)
    {
        RunResult result = await s_client.RunInVmAsync(Shell(script));

        Assert.Equal(code, result.ExitCode);
        Assert.Equal("host_compat", result.ExecutionMode);
    }

    [Theory]
    [InlineData("/nonexistent/program", 127)]
    [InlineData("no-such-program-anywhere", 127)]
    [InlineData("/etc/passwd", 126)]
    [InlineData("/tmp", 126)]
    public async Task A_program_that_cannot_run_is_told_as_a_shell_tells_it(string program, int code)
    {
        RunResult result = await s_client.RunInVmAsync(Command(program));

        Assert.Equal(code, result.ExitCode);
        Assert.StartsWith($"pyro: {program}: ", result.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_leave_nothing_runs_on_the_host()
    {
        using var folder = new TemporaryFolder();
        string mark = Path.Combine(folder.Path, "mark");

        PyroException error = await Assert.ThrowsAsync<PyroException>(() => s_client.RunInVmAsync(Command("touch", mark) with { AllowHostCompat = false }));

        Assert.Equal(ErrorCodes.KvmNotFound, error.Code);
        Assert.False(File.Exists(mark));
    }

    [Fact]
    public async Task Output_is_kept_apart_and_whole()
    {
        RunResult result = await s_client.RunInVmAsync(Shell("echo out; echo err >&2; printf 'no newline'"));

        Assert.Equal("out\nno newline", result.Stdout);
        Assert.Equal("err\n", result.Stderr);
    }

    [Fact]
    public async Task Binary_data_passes_through_unchanged()
    {
        byte[] data = new byte[8 * 1024 * 1024];
        new Random(1).NextBytes(data);
        using var stdout = new MemoryStream();
        var streams = new RunStreams { Stdin = new MemoryStream(data), Stdout = stdout };

        RunResult result = await s_client.RunInVmAsync(Command("cat"), streams);

        Assert.Equal(0, result.ExitCode);
        Assert.True(data.AsSpan().SequenceEqual(stdout.GetBuffer().AsSpan(0, (int)stdout.Length)));
    }

    [Fact]
    public async Task A_command_that_does_not_read_its_input_ends_all_the_same()
    {
        var streams = new RunStreams { Stdin = new MemoryStream(new byte[1 << 20]) };

        RunResult result = await s_client.RunInVmAsync(Command("true"), streams);

        Assert.Equal(0, result.ExitCode);
    }

    [Fact]
    public async Task Collected_output_is_cut_between_characters()
    {
        RunResult result = await s_client.RunInVmAsync(Shell("printf 'aäöü'") with { MaxOutputBytes = 4 });

        Assert.Equal("aä", result.Stdout);
        Assert.True(result.StdoutTruncated);
        Assert.False(result.StderrTruncated);
    }

    [Fact]
    public async Task Variables_and_working_directory_arrive()
    {
        using var folder = new TemporaryFolder();
        RunResult result = await s_client.RunInVmAsync(Shell("echo $GREETING; pwd") with
        {
            Env = new Dictionary<string, string> { ["GREETING"] = "hello = world" },
            Workdir = folder.Path,
        });

        Assert.Equal($"hello = world\n{folder.Path}\n", result.Stdout);
    }

    [Fact]
    public async Task The_time_limit_kills_the_whole_tree()
    {
        using var folder = new TemporaryFolder();
        string mark = Path.Combine(folder.Path, "mark");
        var clock = Stopwatch.StartNew();

        RunResult result = await s_client.RunInVmAsync(Shell($"(sleep 3; touch {mark}) & sleep 60") with { TimeoutSeconds = 1 });

        Assert.Equal(124, result.ExitCode);
        Assert.True(result.TimedOut);
        Assert.InRange(clock.Elapsed.TotalSeconds, 0.9, 20);
        await Task.Delay(TimeSpan.FromSeconds(3));
        Assert.False(File.Exists(mark));
    }

    [Fact]
    public async Task Cancelling_kills_the_command()
    {
        using var folder = new TemporaryFolder();
        string pidFile = Path.Combine(folder.Path, "pid");
        using var stop = new CancellationTokenSource();
        Task<RunResult> run = s_client.RunInVmAsync(Shell($"echo $$ > {pidFile}.part; mv {pidFile}.part {pidFile}; sleep 60"), cancellationToken: stop.Token);
        while (!File.Exists(pidFile))
            await Task.Delay(10);

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.False(Directory.Exists($"/proc/{(await File.ReadAllTextAsync(pidFile)).Trim()}"));
    }

    [Fact]
    public async Task Signals_reach_the_command_even_if_asked_for_before_it_started()
    {
        var control = new RunControl();
        control.Signal(15);

        RunResult result = await s_client.RunInVmAsync(Shell("sleep 60"), new RunStreams { Control = control });

        Assert.Equal(143, result.ExitCode);
    }

    [Fact]
    public async Task A_reader_that_goes_away_ends_the_run()
    {
        var clock = Stopwatch.StartNew();

        await Assert.ThrowsAsync<BrokenPipeException>(() => s_client.RunInVmAsync(Command("yes"), new RunStreams { Stdout = new ClosedPipe() }));

        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task Phases_come_in_order()
    {
        var phases = new List<string>();
        await s_client.RunInVmAsync(Command("true"), progress: new Recorder(phases));

        Assert.Equal([RunPhase.Exec, RunPhase.Done], phases);
    }

    private static RunRequest Command(params string[] words) => new() { Environment = "debian:12", Command = words, AllowHostCompat = true };

    private static RunRequest Shell(string script) => Command("/bin/sh", "-c", script);

    private sealed class Recorder(List<string> phases) : IProgress<RunPhase>
    {
        public void Report(RunPhase value) => phases.Add(value.Name);
    }

    private sealed class ClosedPipe : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => throw new BrokenPipeException();
    }
}
