namespace Pyro.EndToEnd;

/// <summary>However a run ends, nothing of it is left. Each test looks at folders of its own.</summary>
[Collection(HostCollection.Name)]
public sealed class EndTests(Host host)
{
    // Private runtime and state folders; `left` prints what is still there: files, sockets, processes.
    internal const string Own = """
        base=$(mktemp -d); trap 'rm -rf "$base"' EXIT
        export XDG_RUNTIME_DIR=$base/run XDG_STATE_HOME=$base/state
        mkdir -m 700 "$XDG_RUNTIME_DIR" "$XDG_STATE_HOME"
        left() {
          find "$base" -mindepth 1 ! -type d ! -name '*.txt' ! -name '*.lock'
          find "$XDG_RUNTIME_DIR/pyro" -mindepth 1 -type d 2>/dev/null || :
          for process in /proc/[0-9]*; do
            ! tr '\0' '\n' 2>/dev/null <"$process/environ" | grep -qx "XDG_STATE_HOME=$base/state" || tr '\0' ' ' <"$process/cmdline" | grep -a '^[^ ]*pyro' || :
          done
        }
        until_says() { for _ in $(seq 1200); do ! grep -q "$2" "$1" || return 0; sleep 0.1; done; echo "never said $2:"; cat "$1"; return 1; }

        """;

    [Fact]
    public async Task A_run_that_ends_by_itself_leaves_nothing()
    {
        CommandResult result = await host.ShellAsync(Own + "pyro run debian:12 -- true; left");
        Assert.True(result.ExitCode == 0, $"{result}");
        Assert.Empty(result.Text);
    }

    [Theory]
    [InlineData("INT", 130)]
    [InlineData("TERM", 143)]
    public async Task A_run_that_a_signal_ends_leaves_nothing(string signal, int code)
    {
        CommandResult result = await host.ShellAsync(Own + $$"""
            set -m
            pyro run debian:12 --timeout-seconds 300 -- sh -c 'echo begun; exec sleep 1000' >"$base/out.txt" 2>"$base/err.txt" &
            until_says "$base/out.txt" begun
            kill -{{signal}} $!
            code=0; wait $! || code=$?
            echo "code $code"
            left
            """);
        Assert.True(result.ExitCode == 0, $"{result}");
        Assert.Equal($"code {code}\n", result.Text);
    }

    [Fact]
    public async Task A_run_that_is_killed_leaves_no_machine()
    {
        CommandResult result = await host.ShellAsync(Own + """
            pyro run debian:12 --timeout-seconds 300 -- sh -c 'echo begun; exec sleep 1000' >"$base/out.txt" 2>"$base/err.txt" &
            until_says "$base/out.txt" begun
            kill -9 $!
            wait $! || :
            sleep 1
            left
            """);
        Assert.True(result.ExitCode == 0, $"{result}");
        Assert.Empty(result.Text);
    }

    [Fact]
    public async Task A_killed_machine_is_reported_within_a_second()
    {
        CommandResult result = await host.ShellAsync(Own + """
            pyro run debian:12 --timeout-seconds 300 -- sh -c 'echo begun; exec sleep 1000' >"$base/out.txt" 2>"$base/err.txt" &
            until_says "$base/out.txt" begun
            start=$(date +%s%N)
            kill -9 "$(pgrep -P $!)"
            code=0; wait $! || code=$?
            took=$((($(date +%s%N) - start) / 1000000))
            echo "code $code"
            [ $took -le 1000 ] && echo 'in time' || echo "after $took ms"
            left
            cat "$base/err.txt" >&2
            """);
        Assert.True(result.ExitCode == 0, $"{result}");
        Assert.Equal("code 125\nin time\n", result.Text);
        Assert.Contains("machine", result.Stderr, StringComparison.Ordinal);
    }
}
