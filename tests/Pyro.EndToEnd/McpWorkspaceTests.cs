using System.Diagnostics;
using System.Text.Json;
using Pyro.Mcp.Tests;

namespace Pyro.EndToEnd;

/// <summary>
/// What a coding agent does, by an independent client: a repository whose own tests fail is brought in, looked at, mended,
/// tested, compared, handed out and put back.
/// </summary>
[Collection(HostCollection.Name)]
public sealed class McpWorkspaceTests(Host host, NodeClient client) : IClassFixture<NodeClient>, IAsyncLifetime
{
    private const string Mend = """
        --- a/lib/slug.sh
        +++ b/lib/slug.sh
        @@ -1,4 +1,4 @@
         # slug TEXT: lower case words with dashes between them
         slug() {
        -  printf '%s' "$1" | tr 'A-Z ' 'a-z-'
        +  printf '%s' "$1" | tr 'A-Z' 'a-z' | tr -cs 'a-z0-9' '-' | sed 's/^-*//; s/-*$//'
         }

        """;

    private readonly string _repository = Directory.CreateTempSubdirectory("pyro-repository-").FullName;
    private string _base = "";

    // A repository with a history and tests of its own.
    public async Task InitializeAsync()
    {
        string script = """
            cd "$1"; mkdir lib tests
            printf '%s\n' '# slug TEXT: lower case words with dashes between them' 'slug() {' "  printf '%s' \"\$1\" | tr 'A-Z ' 'a-z-'" '}' > lib/slug.sh
            cat > tests/run <<'EOF'
            #!/bin/sh
            . "$(dirname "$0")/../lib/slug.sh"
            failed=0
            check() { if [ "$(slug "$1")" = "$2" ]; then echo "ok - $1"; else echo "not ok - $1: $(slug "$1")"; failed=1; fi; }
            check 'Hello World' hello-world
            check 'One,  two; three!' one-two-three
            exit $failed
            EOF
            chmod +x tests/run
            export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
            git init -q .; git add -A; git commit -qm 'slugs'
            tar cz . > "$1/../$(basename "$1").tgz"
            """;
        using Process made = Process.Start("bash", ["-euo", "pipefail", "-c", script, "make", _repository]);
        await made.WaitForExitAsync();
        Assert.Equal(0, made.ExitCode);
        CommandResult copied = await host.ShellAsync("base=$(mktemp -d); cat > $base/repository.tgz; echo $base", await File.ReadAllBytesAsync($"{_repository}.tgz"));
        _base = copied.Text.Trim();
        Assert.StartsWith("/", _base, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_repository_is_reproduced_patched_tested_compared_exported_and_reset()
    {
        (string Name, object Arguments)[] calls =
        [
            ("workspace_create", new { seed_path = $"{_base}/repository.tgz", name = "repro", labels = new { task = "slug" } }),
            ("workspace_exec", new { workspace_id = "$id", command = "git log --oneline | wc -l && tests/run" }),
            ("workspace_file_list", new { workspace_id = "$id", path = "lib" }),
            ("workspace_file_read", new { workspace_id = "repro", path = "/workspace/lib/slug.sh" }),
            ("workspace_patch_apply", new { workspace_id = "$id", patch = Mend.Replace("printf '%s' \"$1\" | tr 'A-Z '", "echo \"$1\" | tr 'A-Z '", StringComparison.Ordinal) }),
            ("workspace_patch_apply", new { workspace_id = "$id", patch = Mend }),
            ("workspace_exec", new { workspace_id = "$id", command = (string[])["tests/run"], timeout_seconds = 60 }),
            ("workspace_file_write", new { workspace_id = "$id", path = "docs/notes.md", text = "mended\n" }),
            ("workspace_diff", new { workspace_id = "$id" }),
            ("workspace_export", new { workspace_id = "$id", path = "lib", output_path = $"{_base}/lib" }),
            ("workspace_export", new { workspace_id = "$id", path = "lib", output_path = $"{_base}/lib" }),
            ("workspace_file_read", new { workspace_id = "$id", path = "../etc/passwd" }),
            ("workspace_logs", new { workspace_id = "$id" }),
            ("workspace_summary", new { workspace_id = "$id" }),
            ("workspace_reset", new { workspace_id = "$id" }),
            ("workspace_exec", new { workspace_id = "$id", command = "tests/run" }),
            ("workspace_diff", new { workspace_id = "$id" }),
            ("workspace_list", new { }),
            ("workspace_delete", new { workspace_id = "$id" }),
            ("workspace_status", new { workspace_id = "$id" }),
        ];
        JsonElement[] results = await CallAsync(calls.Select(call => (object)new { name = call.Name, arguments = call.Arguments }));

        JsonElement Ok(int call) => results[call].GetProperty("ok").GetBoolean() ? results[call].GetProperty("content") : throw new InvalidOperationException($"{calls[call].Name} failed: {results[call]}");
        string? Error(int call) => results[call].GetProperty("content").GetProperty("error").GetProperty("code").GetString();
        Assert.Equal("archive", Ok(0).GetProperty("workspace_seed").GetProperty("mode").GetString());
        Assert.Equal(1, Ok(1).GetProperty("exit_code").GetInt32());
        Assert.Equal("1\nok - Hello World\nnot ok - One,  two; three!: one,--two;-three!\n", Ok(1).GetProperty("stdout").GetString());
        Assert.Equal(["/workspace/lib/slug.sh"], Ok(2).GetProperty("entries").EnumerateArray().Select(e => e.GetProperty("path").GetString()));
        Assert.Contains("tr 'A-Z ' 'a-z-'", Ok(3).GetProperty("content").GetString(), StringComparison.Ordinal);
        Assert.Equal("patch_rejected", Error(4));
        Assert.Equal("lib/slug.sh", Ok(5).GetProperty("changed")[0].GetProperty("path").GetString());
        Assert.Equal("ok - Hello World\nok - One,  two; three!\n", Ok(6).GetProperty("stdout").GetString());
        Assert.Equal(0, Ok(6).GetProperty("exit_code").GetInt32());
        JsonElement diff = Ok(8);
        Assert.Equal(["docs/notes.md", "lib/slug.sh"], diff.GetProperty("entries").EnumerateArray().Select(e => e.GetProperty("path").GetString()));
        Ok(9);
        Assert.Equal("exists", Error(10));
        Assert.Equal("path_outside_workspace", Error(11));
        Assert.Equal([1, 0], Ok(12).GetProperty("entries").EnumerateArray().Select(e => e.GetProperty("exit_code").GetInt32()));
        Assert.Contains("tests/run", Ok(13).GetRawText(), StringComparison.Ordinal);
        Assert.Equal(1, Ok(14).GetProperty("reset_count").GetInt32());
        Assert.Equal(1, Ok(15).GetProperty("exit_code").GetInt32());
        Assert.False(Ok(16).GetProperty("changed").GetBoolean());
        Assert.Equal(["repro"], Ok(17).GetProperty("workspaces").EnumerateArray().Select(w => w.GetProperty("name").GetString()));
        Assert.True(Ok(18).GetProperty("deleted").GetBoolean());
        Assert.Equal("workspace_not_found", Error(19));

        // What was handed out mends the repository on the host.
        await MendsAsync(diff.GetProperty("patch").GetString()!);
        CommandResult exported = await host.ShellAsync($"cat {_base}/lib/slug.sh");
        Assert.Contains("tr -cs 'a-z0-9' '-'", exported.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_command_is_killed_in_the_guest_and_progress_is_told_meanwhile()
    {
        JsonElement[] results = await CallAsync(
        [
            new { name = "workspace_create", arguments = new { seed_path = "" } },
            new { name = "workspace_exec", arguments = new { workspace_id = "$id", command = "sleep 1000 & sleep 1000", timeout_seconds = 600 }, cancel_after_ms = 15_000 },
            new { name = "workspace_exec", arguments = new { workspace_id = "$id", command = "! cat /proc/[0-9]*/comm | grep -x sleep" } },
            new { name = "workspace_delete", arguments = new { workspace_id = "$id" } },
        ]);

        Assert.Contains("enough", results[1].GetProperty("thrown").GetString(), StringComparison.Ordinal);
        Assert.Contains(results[1].GetProperty("progress").EnumerateArray(), message => message.GetString()!.StartsWith("the command runs", StringComparison.Ordinal));
        Assert.True(results[2].GetProperty("ok").GetBoolean(), $"{results[2]}");
        Assert.True(results[3].GetProperty("ok").GetBoolean(), $"{results[3]}");
    }

    public async Task DisposeAsync()
    {
        Directory.Delete(_repository, recursive: true);
        File.Delete($"{_repository}.tgz");
        await host.ShellAsync($"export XDG_STATE_HOME={_base}/state; for id in $(pyro workspace list --json | jq -r '.workspaces[].workspace_id'); do pyro workspace delete $id; done; rm -rf {_base}");
    }

    private async Task<JsonElement[]> CallAsync(IEnumerable<object> calls)
    {
        JsonElement answer = await client.AskAsync("session", calls, host.ShellWords($"export XDG_STATE_HOME={_base}/state; exec pyro mcp serve --no-project-source"));
        return [.. answer.EnumerateArray()];
    }

    private async Task MendsAsync(string patch)
    {
        await File.WriteAllTextAsync($"{_repository}/fix.patch", patch);
        using Process mended = Process.Start("bash", ["-euc", "cd \"$1\"; git apply fix.patch; tests/run >/dev/null; [ \"$(cat docs/notes.md)\" = mended ]", "mend", _repository]);
        await mended.WaitForExitAsync();
        Assert.Equal(0, mended.ExitCode);
    }
}
