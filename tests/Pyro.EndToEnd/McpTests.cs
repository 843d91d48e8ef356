using System.Text.Json;

namespace Pyro.EndToEnd;

/// <summary>The MCP server where its tool has a guest; Pyro.Mcp.Tests covers the protocol with an independent client.</summary>
[Collection(HostCollection.Name)]
public sealed class McpTests(Host host)
{
    // Speaks to the server line by line: `say` sends a message, `answer ID` prints the response to a request.
    private const string Session = """
        coproc server { pyro mcp serve --profile vm-run; }
        exec {to}>&"${server[1]}" {from}<&"${server[0]}"
        eval "exec ${server[1]}>&-"
        say() { printf '%s\n' "$1" >&"$to"; }
        answer() { while IFS= read -r -t 120 line <&"$from"; do case $line in *'"id":'"$1"[,}]*) printf '%s\n' "$line"; return ;; esac; done; return 1; }
        machines() { pgrep -c -f '^[^ ]*pyro vmm$' || true; }
        say '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}'
        answer 1 >/dev/null
        say '{"jsonrpc":"2.0","method":"notifications/initialized"}'

        """;

    [Fact]
    public async Task A_call_runs_in_a_guest_and_says_so()
    {
        CommandResult result = await host.ShellAsync(Session + """
            say '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"vm_run","arguments":{"environment":"debian:12","command":["sh","-c","git --version; echo wrong >&2; exit 3"],"timeout_seconds":60}}}'
            answer 2
            exec {to}>&-
            wait
            [ "$(machines)" = 0 ]
            """);
        Assert.True(result.ExitCode == 0, $"{result}");
        using JsonDocument message = JsonDocument.Parse(result.Text);
        JsonElement answer = message.RootElement.GetProperty("result").GetProperty("structuredContent");
        Assert.Equal("guest_vsock", answer.GetProperty("execution_mode").GetString());
        Assert.Equal(3, answer.GetProperty("exit_code").GetInt32());
        Assert.StartsWith("git version 2.", answer.GetProperty("stdout").GetString(), StringComparison.Ordinal);
        Assert.Equal("wrong\n", answer.GetProperty("stderr").GetString());
    }

    [Fact]
    public async Task A_cancelled_call_ends_its_machine_and_the_server_goes_on()
    {
        CommandResult result = await host.ShellAsync(Session + """
            say '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"vm_run","arguments":{"environment":"debian:12","command":["sleep","1000"],"timeout_seconds":600}}}'
            for _ in $(seq 300); do [ "$(machines)" = 1 ] && break; sleep 0.1; done
            [ "$(machines)" = 1 ]
            sleep 2
            say '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}'
            for _ in $(seq 300); do [ "$(machines)" = 0 ] && break; sleep 0.1; done
            echo "left: $(machines)"
            say '{"jsonrpc":"2.0","id":3,"method":"ping"}'
            answer 3 >/dev/null && echo alive
            exec {to}>&-
            wait
            """);
        Assert.True(result.ExitCode == 0, $"{result}");
        Assert.Equal("left: 0\nalive\n", result.Text);
    }
}
