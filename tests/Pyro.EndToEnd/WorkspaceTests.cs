namespace Pyro.EndToEnd;

/// <summary>Workspaces as a user meets them: made, worked in, saved, put back, killed, deleted.</summary>
[Collection(HostCollection.Name)]
public sealed class WorkspaceTests(Host host)
{
    // A state folder of its own over the real cache; whatever the test leaves behind is deleted, machines first.
    private const string OwnState = """
        base=$(mktemp -d); export XDG_STATE_HOME=$base
        w() { pyro workspace "$@"; }
        field() { jq -r ".$1"; }
        trap 'for id in $(w list --json | jq -r ".workspaces[].workspace_id"); do w delete "$id" >/dev/null; done; rm -rf "$base"' EXIT

        """;

    [Fact]
    public async Task A_workspace_outlives_its_maker_and_keeps_what_was_done_in_it()
    {
        CommandResult result = await RunAsync("""
            id=$(w create debian:12 --name work --label team=red --id-only 2>/dev/null); [ ${#id} = 12 ]
            w exec work -- sh -c 'pwd; hostname; echo kept > note; echo problem >&2; exit 3' 2>"$base/err" || echo "code $?"
            cat "$base/err"
            w exec "${id:0:6}" -- cat note
            w exec work --json -- sh -c 'cat note' | jq -c '[.sequence, .cwd, .execution_mode, .exit_code, .stdout, .timed_out]'
            w exec work --timeout-seconds 1 -- sleep 60 2>/dev/null || echo "code $?"
            echo data | w exec work -i -- tr a-z A-Z
            w status work --json | jq -c '[.name, .state, .command_count, .labels.team, .environment]'
            w logs work --json | jq -c '.entries[0] | [.sequence, .exit_code, .stderr]'
            """);
        Assert.Equal(
            ["/workspace", "work", "code 3", "problem", "kept", "[3,\"/workspace\",\"guest_vsock\",0,\"kept\\n\",false]", "code 124", "DATA", "[\"work\",\"running\",5,\"red\",\"debian:12\"]", "[1,3,\"problem\\n\"]"],
            Lines(result));
    }

    [Fact]
    public async Task Stop_flushes_and_start_goes_on_from_the_disk_as_the_same_machine()
    {
        CommandResult result = await RunAsync("""
            id=$(w create debian:12 --id-only 2>/dev/null)
            first=$(w exec $id -- cat /etc/machine-id)
            w exec $id -- sh -c 'echo one > a; apt-get --version >/dev/null; echo two > /root/b'
            w stop $id --json | jq -r '.state, .stop_reason'
            w exec $id -- true 2>"$base/err" || echo "code $?"; head -1 "$base/err" | cut -c1-14
            w start $id --json 2>/dev/null | field state
            w exec $id -- cat a /root/b
            [ "$first" = "$(w exec $id -- cat /etc/machine-id)" ] && echo same
            w start $id --json 2>/dev/null | field state
            """);
        Assert.Equal(["stopped", "stopped on request", "code 125", "pyro: the work", "running", "one", "two", "same", "running"], Lines(result));
    }

    [Fact]
    public async Task Snapshots_hold_disk_and_memory_and_reset_puts_both_back()
    {
        CommandResult result = await RunAsync("""
            id=$(w create debian:12 --id-only 2>/dev/null)
            w exec $id -- sh -c 'echo one > file; (while :; do date +%s%N > /dev/shm/tick; sleep 0.1; done) </dev/null >/dev/null 2>&1 & echo $! > /dev/shm/pid'
            w snapshot create $id before --json | jq -c '[.snapshot_name, .has_memory]'
            w snapshot create $id before 2>&1 | grep -c 'already' || true
            w exec $id -- sh -c 'echo two > file; rm -rf /usr/share/doc; kill $(cat /dev/shm/pid); touch /root/junk'
            w reset $id --snapshot before --json 2>/dev/null | jq -c '[.state, .reset_count, .command_count]'
            w exec $id -- sh -c 'cat file; ls /root; test -d /usr/share/doc && echo doc; kill -0 $(cat /dev/shm/pid) && echo ticks'
            a=$(w exec $id -- cat /dev/shm/tick); sleep 1; [ "$a" != "$(w exec $id -- cat /dev/shm/tick)" ] && echo "goes on"
            w reset $id --json 2>/dev/null | field reset_count
            w exec $id -- sh -c 'ls -A /workspace | wc -l'
            w snapshot list $id --json | jq -c '[.snapshots[].snapshot_name]'
            w snapshot delete $id baseline 2>&1 | grep -c 'stays' || true
            w snapshot delete $id before --json | field deleted
            w reset $id --snapshot before 2>&1 | grep -c "no snapshot" || true
            w stop $id --json | field state
            w snapshot create $id cold --json | jq -c '[.snapshot_name, .has_memory]'
            w start $id --json 2>/dev/null | field state
            w exec $id -- touch /workspace/x
            w reset $id --snapshot cold --json 2>/dev/null | field state
            w exec $id -- sh -c 'ls -A /workspace | wc -l'
            ls "$base/pyro/workspaces/$id/layers" | wc -l
            """);
        Assert.Equal(
            ["[\"before\",true]", "1", "[\"running\",1,0]", "one", "doc", "ticks", "goes on", "2", "0", "[\"baseline\",\"before\"]", "1", "true", "1",
             "stopped", "[\"cold\",false]", "running", "running", "0", "4"],
            Lines(result));
    }

    [Fact]
    public async Task Forks_go_on_from_the_moment_of_the_fork_each_for_itself()
    {
        CommandResult result = await RunAsync("""
            w create debian:12 --name src --quiet >/dev/null
            w exec src -- sh -c 'echo base > f; (while :; do head -c 8 /dev/urandom | od -An -tx8 >> r; sleep 0.2; done) </dev/null >/dev/null 2>&1 &'
            w fork src --count 2 --name kid --json 2>/dev/null | jq -c '[.forks[] | .name, .state, .forked_from == .workspace_id]'
            sleep 2
            for k in src kid-1 kid-2; do w exec $k -- cat /etc/machine-id; done | sort -u | wc -l
            for k in src kid-1 kid-2; do w exec $k -- sh -c 'hostname; cat f'; w exec $k -- tail -3 r >> "$base/drawn"; done
            sort "$base/drawn" | uniq -d | wc -l
            w exec kid-1 -- sh -c 'echo one > f'; w exec src -- cat f; w exec kid-2 -- cat f
            w delete src >/dev/null
            w reset kid-1 --json 2>/dev/null | field state
            w exec kid-1 -- cat f
            w stop kid-2 --json | field state
            w fork kid-2 --json | jq -r .error.code || true
            w start kid-2 --json 2>/dev/null | field state
            w exec kid-2 -- cat f
            w fork kid-1 --name kid-2 --json | jq -r .error.code || true
            """);
        Assert.Equal(
            ["[\"kid-1\",\"running\",false,\"kid-2\",\"running\",false]", "3", "src", "base", "kid-1", "base", "kid-2", "base", "0", "base", "base",
             "running", "base", "stopped", "workspace_stopped", "running", "base", "workspace_exists"],
            Lines(result));
    }

    [Fact]
    public async Task A_machine_that_was_killed_is_shown_as_stopped_and_starts_again_with_its_disk()
    {
        CommandResult result = await RunAsync("""
            id=$(w create debian:12 --id-only 2>/dev/null)
            w exec $id -- sh -c 'echo synced > a; sync; echo more > b'
            kill -9 $(field process_id < "$base/pyro/workspaces/$id/workspace.json")
            until [ "$(w status $id --json | field state)" = stopped ]; do sleep 0.1; done
            w status $id --json | field stop_reason
            w start $id --json 2>/dev/null | field state
            w exec $id -- cat a
            w exec $id -- perl -e 'syscall(169, 0xfee1dead, 672274793, 0x4321fedc)' 2>/dev/null || true # reboot(2), power off
            until [ "$(w status $id --json | field state)" = stopped ]; do sleep 0.1; done
            w status $id --json | field stop_reason
            w delete $id --json | field deleted
            w status $id 2>&1 | sed -n 1p || true
            ls "$base/pyro/workspaces" | wc -l
            """);
        string[] lines = Lines(result);
        Assert.Equal(["its machine's process was killed, or the host was restarted", "running", "synced"], lines[..3]);
        Assert.NotEqual(lines[0], lines[3]);
        Assert.Equal("true", lines[4]);
        Assert.StartsWith("pyro: there is no workspace", lines[5], StringComparison.Ordinal);
        Assert.Equal("0", lines[6]);
    }

    [Fact]
    public async Task Names_are_one_owners_and_every_wrong_word_has_its_error()
    {
        CommandResult result = await RunAsync("""
            id=$(w create debian:12 --name taken --id-only 2>/dev/null)
            code() { local code=0; "$@" >"$base/out" 2>&1 || code=$?; echo "$code $(jq -r .error.code < "$base/out")"; }
            code pyro workspace create debian:12 --name taken --json
            code pyro workspace create debian:12 --name 'a b' --json
            code pyro workspace create debian:12 --label nonsense --json
            code pyro workspace create nowhere:1 --json
            code pyro workspace status zz --json
            code pyro workspace snapshot create taken ../evil --json
            code pyro workspace snapshot create taken baseline --json
            code pyro workspace snapshot delete taken none --json
            code pyro workspace exec taken --json -- /no/such
            code pyro workspace exec taken --workdir /no/such --json -- true
            w update taken --name other --label a=b --label c=d --json | jq -c '[.name, .labels]'
            w update $id --clear-name --clear-label a --json | jq -c '[.name, .labels]'
            sed -i 's/"schema_version": 1/"schema_version": 99/' "$base/pyro/workspaces/$id/workspace.json"
            code pyro workspace status $id --json
            w list --json | jq -c '[.workspaces[].state]'
            sed -i 's/"schema_version": 99/"schema_version": 1/' "$base/pyro/workspaces/$id/workspace.json"
            """);
        Assert.Equal(
            ["125 workspace_exists", "2 invalid_argument", "2 invalid_argument", "125 environment_not_found", "125 workspace_not_found", "2 invalid_argument",
             "2 invalid_argument", "125 snapshot_not_found", "127 null", "125 exec_failed", "[\"other\",{\"a\":\"b\",\"c\":\"d\"}]", "[null,{\"c\":\"d\"}]",
             "125 workspace_damaged", "[\"damaged\"]"],
            Lines(result));
    }

    private async Task<CommandResult> RunAsync(string script)
    {
        CommandResult result = await host.ShellAsync("set -e\n" + OwnState + script);
        Assert.True(result.ExitCode == 0, $"{result}");
        return result;
    }

    private static string[] Lines(CommandResult result) => result.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
