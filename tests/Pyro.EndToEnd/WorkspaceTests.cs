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
    public async Task Files_go_in_are_changed_compared_patched_and_come_out()
    {
        CommandResult result = await RunAsync("""
            mkdir -p "$base/tree/src"; cd "$base/tree"
            printf 'one\ntwo\nthree\n' > src/a.txt; printf '#!/bin/sh\necho run\n' > run.sh; chmod 755 run.sh; ln -s src/a.txt link; printf 'gone\n' > gone
            head -c 100000 /dev/urandom > blob
            w create debian:12 --name files --seed-path "$base/tree" --json 2>/dev/null | jq -c .workspace_seed.mode
            w file list files --recursive --json | jq -c '[.entries[] | .path, .type, .mode]'
            w file read files src/a.txt --json | jq -c '[.size, .content, .truncated]'
            w diff files --json | jq -c '[.changed, .summary.modified]'
            w file write files /workspace/new/deep.txt --text 'hello' >/dev/null
            w exec files -- sh -c 'sed -i s/two/TWO/ src/a.txt; rm gone; ./run.sh; chmod 644 run.sh; echo x >> blob'
            w diff files --json > "$base/diff.json"
            jq -c '[.summary.added, .summary.modified, .summary.deleted, .summary.type_changed, [.entries[] | .path, .status]]' "$base/diff.json"
            jq -r .patch "$base/diff.json" > "$base/first.patch"
            w reset files --json 2>/dev/null | field state
            w patch apply files --patch-file "$base/first.patch" --json | jq -c '[.changed[] | .status]'
            w diff files --json | jq -r .patch > "$base/second.patch"; cmp "$base/first.patch" "$base/second.patch" && echo same
            code() { local code=0; "$@" >"$base/out" 2>&1 || code=$?; echo "$code $(jq -r .error.code < "$base/out")"; }
            code pyro workspace patch apply files --patch-file "$base/first.patch" --json
            code pyro workspace patch apply files --patch nonsense --json
            code pyro workspace file read files /etc/passwd --json
            code pyro workspace file read files ../etc/passwd --json
            code pyro workspace file read files none --json
            code pyro workspace file read files src --json
            code pyro workspace file read files blob --json
            code pyro workspace file write files x --json
            w export files src --output "$base/out-src" >/dev/null; cat "$base/out-src/a.txt"
            code pyro workspace export files src --output "$base/out-src" --json
            w export files run.sh --output "$base/out-src/../run2" >/dev/null; stat -c %a "$base/run2"
            mkdir "$base/more"; echo added > "$base/more/m"; ln -s /etc/passwd "$base/more/evil"
            code pyro workspace sync push files "$base/more" --dest /workspace/more --json
            rm "$base/more/evil"; w sync push files "$base/more" --dest more --json | jq -c '[.mode, .entries]'
            w exec files -- cat more/m
            """);
        Assert.Equal(
            ["\"directory\"",
             "[\"/workspace/blob\",\"file\",\"0644\",\"/workspace/gone\",\"file\",\"0644\",\"/workspace/link\",\"symlink\",\"0777\",\"/workspace/run.sh\",\"file\",\"0755\",\"/workspace/src\",\"directory\",\"0755\",\"/workspace/src/a.txt\",\"file\",\"0644\"]",
             "[14,\"one\\ntwo\\nthree\\n\",false]", "[false,0]", "run",
             "[1,3,1,0,[\"blob\",\"modified\",\"gone\",\"deleted\",\"new/deep.txt\",\"added\",\"run.sh\",\"modified\",\"src/a.txt\",\"modified\"]]",
             "running", "[\"deleted\",\"added\",\"modified\",\"modified\"]", "same",
             "125 patch_rejected", "125 patch_invalid", "125 path_outside_workspace", "125 path_outside_workspace", "125 not_found", "125 is_directory", "125 not_text", "2 invalid_argument",
             "one", "TWO", "three", "125 exists", "644", "125 sync_refused", "[\"directory\",1]", "added"],
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
            short="$base/pyro/workspaces/$(w create debian:12 --name short --ttl-seconds 3600 --id-only 2>/dev/null)"
            machine=$(jq .process_id "$short/workspace.json"); [ -d /proc/$machine ]
            jq '.expires_at = .created_at' "$short/workspace.json" > "$base/over"; cp "$base/over" "$short/workspace.json"
            w list --json | jq -c '[.workspaces[].name]'
            until [ ! -d /proc/$machine ]; do sleep 0.1; done; [ ! -e "$short" ]
            w delete $id --json | field deleted
            w status $id 2>&1 | sed -n 1p || true
            ls "$base/pyro/workspaces" | wc -l
            """);
        string[] lines = Lines(result);
        Assert.Equal(["its machine's process was killed, or the host was restarted", "running", "synced"], lines[..3]);
        Assert.NotEqual(lines[0], lines[3]);
        Assert.Equal("[null]", lines[4]);
        Assert.Equal("true", lines[5]);
        Assert.StartsWith("pyro: there is no workspace", lines[6], StringComparison.Ordinal);
        Assert.Equal("1", lines[7]); // the lock for names
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
