namespace Pyro.EndToEnd;

/// <summary>pyro at a terminal, with keys pressed: <c>script</c> is the terminal.</summary>
[Collection(HostCollection.Name)]
public sealed class TerminalTests(Host host)
{
    // `at_terminal COMMAND` runs it in the background; its screen is in $base/screen.txt. `interrupt` types Ctrl-C once the
    // command there says that it has begun, and waits for the end: $code.
    // What pyro's own progress leaves on a line stays before the first word there, and lines end with a carriage return.
    private const string Terminal = EndTests.Own + """
        set -m   # or what runs in the background ignores Ctrl-C
        trap 'kill $(jobs -p) 2>/dev/null || :; rm -rf "$base"' EXIT
        mkfifo "$base/keys.txt"
        at_terminal() { script -qefc "$1" "$base/screen.txt" <"$base/keys.txt" >/dev/null & exec {keys}>"$base/keys.txt"; touch "$base/screen.txt"; }
        interrupt() { until_says "$base/screen.txt" 'begun.$'; printf '\003' >&"$keys"; code=0; wait $! || code=$?; }

        """;

    [Fact]
    public async Task Ctrl_C_ends_the_command_and_the_machine_and_leaves_nothing()
    {
        CommandResult result = await host.ShellAsync(Terminal + """
            at_terminal "pyro run debian:12 --timeout-seconds 300 -- sh -c 'echo begun; exec sleep 1000'"
            interrupt
            echo "code $code"
            left
            """);
        Assert.True(result.ExitCode == 0, $"{result}");
        Assert.Equal("code 130\n", result.Text);
    }

    [Fact]
    public async Task With_a_terminal_of_its_own_the_command_gets_the_keys()
    {
        CommandResult result = await host.ShellAsync(Terminal + """
            at_terminal "stty cols 91 rows 17; pyro run debian:12 --interactive --tty --timeout-seconds 300 -- sh -c 'trap \"echo caught; exit 5\" INT; stty size; tty; echo begun; while :; do sleep 0.2; done'"
            interrupt
            tr -d '\r' <"$base/screen.txt" | grep -oE '17 91$|/dev/pts/[0-9]$|caught$'
            echo "code $code"
            left
            """);
        Assert.True(result.ExitCode == 0, $"{result}");
        Assert.Equal("17 91\n/dev/pts/0\ncaught\ncode 5\n", result.Text);
    }
}
