namespace Pyro.EndToEnd;

/// <summary>Looking back at a workspace: at its disk while it is stopped, and at what was done with it.</summary>
[Collection(HostCollection.Name)]
public sealed class DiskToolTests(Host host)
{
    private const string OwnState = """
        base=$(mktemp -d); export XDG_STATE_HOME=$base
        w() { pyro workspace "$@"; }
        field() { jq -r ".$1"; }
        code() { local code=0; "$@" >"$base/out" 2>&1 || code=$?; echo "$code $(jq -r .error.code < "$base/out")"; }
        trap 'for id in $(w list --json | jq -r ".workspaces[].workspace_id"); do w delete "$id" >/dev/null; done; rm -rf "$base"' EXIT

        """;

    [Fact]
    public async Task The_disk_of_a_stopped_workspace_is_listed_read_and_exported_without_a_boot()
    {
        CommandResult result = await RunAsync("""
            w create debian:12 --name disk --quiet >/dev/null
            w exec disk -- sh -c 'mkdir -p src /run/pyro-secrets; echo key > /run/pyro-secrets/K; printf "one\ntwo\n" > src/a.txt; ln -s src/a.txt link; head -c 70000 /dev/zero | tr "\0" z > large; head -c 1000 /dev/urandom > blob; echo beside > /root/beside'
            for i in list "read src/a.txt" "export --output $base/x"; do set -- $i; verb=$1; shift; code pyro workspace disk $verb disk "$@" --json; done
            w disk list disk 2>&1 | sed -n 2p | grep -c 'pyro workspace stop' || true
            w stop disk --json | field state
            w disk list disk --recursive --json | jq -c '[.path, .truncated, [.entries[] | .path, .type]]'
            w disk list disk --recursive | awk '{print $1, $2, $5, $6, $7}'
            w disk list disk /root --json | jq -c '[.entries[].path] | contains(["/root/beside"])'
            w disk list disk /run --json | jq -c '[.entries[].path | select(contains("pyro-"))]'
            w disk read disk src/a.txt --json | jq -c '[.path, .size, .content, .truncated]'
            w disk read disk /workspace/link
            w disk read disk large 2>/dev/null | wc -c
            w disk read disk large --max-bytes 5 --content-only; echo
            w disk read disk /root/beside
            w disk export disk --output "$base/disk.ext4" --json | jq -c '[.disk_format, .file_system, .size > .bytes_written, .output_path == "'"$base"'/disk.ext4"]'
            e2fsck -fn "$base/disk.ext4" >"$base/fsck" 2>&1 && echo "fsck clean"
            debugfs -R 'cat /workspace/src/a.txt' "$base/disk.ext4" 2>/dev/null
            debugfs -R 'ls -p /run' "$base/disk.ext4" 2>/dev/null | grep -c pyro- || true
            [ $(du -B1 "$base/disk.ext4" | cut -f1) -lt $(stat -c %s "$base/disk.ext4") ] && echo sparse
            code pyro workspace disk export disk --output "$base/disk.ext4" --json
            w disk export disk --output "$base/disk.ext4" --overwrite | sed "s#$base##; s/[0-9]* bytes/N bytes/; s/ [0-9]* of/ M of/"
            ls -A "$base" | grep -c pyro-export || true
            code pyro workspace disk read disk none --json
            code pyro workspace disk read disk ../etc/passwd --json
            code pyro workspace disk read disk /workspace/../etc/passwd --json
            code pyro workspace disk read disk src --json
            code pyro workspace disk read disk blob --json
            code pyro workspace disk read disk large --max-bytes 0 --json
            code pyro workspace disk list disk link/x --json
            w start disk --json 2>/dev/null | field state
            w exec disk -- cat link
            """);
        Assert.Equal(
            ["125 workspace_running", "125 workspace_running", "125 workspace_running", "1", "stopped",
             "[\"/workspace\",false,[\"/workspace/blob\",\"file\",\"/workspace/large\",\"file\",\"/workspace/link\",\"symlink\",\"/workspace/src\",\"directory\",\"/workspace/src/a.txt\",\"file\"]]",
             "0644 1000 /workspace/blob  ", "0644 70000 /workspace/large  ", "0777 9 /workspace/link -> src/a.txt", "0755 4096 /workspace/src/  ", "0644 8 /workspace/src/a.txt  ",
             "true", "[]", "[\"/workspace/src/a.txt\",8,\"one\\ntwo\\n\",false]", "one", "two", "65536", "zzzzz", "beside",
             "[\"ext4\",\"clean\",true,true]", "fsck clean", "one", "two", "0", "sparse", "125 exists",
             "the disk is at /disk.ext4: N bytes, M of them in use", "0",
             "125 not_found", "125 path_outside_workspace", "2 invalid_argument", "125 is_directory", "125 not_text", "2 invalid_argument", "125 not_directory", "running", "one", "two"],
            Lines(result));
    }

    [Fact]
    public async Task The_disk_of_a_machine_that_was_killed_is_shown_with_what_its_journal_holds()
    {
        CommandResult result = await RunAsync("""
            id=$(w create debian:12 --id-only 2>/dev/null)
            w exec $id -- sh -c 'mkdir d; for i in 1 2 3; do echo $i > d/f$i; done; sync; rm d/f2; mv d/f3 d/f4; sync'
            kill -9 $(field process_id < "$base/pyro/workspaces/$id/workspace.json")
            until [ "$(w status $id --json | field state)" = stopped ]; do sleep 0.1; done
            w disk list $id d --json | jq -c '[.entries[].path]'
            w disk read $id d/f4
            w disk export $id -o "$base/disk" --json | field file_system
            w disk export $id -o "$base/disk" --overwrite 2>&1 >/dev/null | grep -c 'e2fsck -p'
            e2fsck -p "$base/disk" >/dev/null || [ $? = 1 ]
            e2fsck -fn "$base/disk" >/dev/null && echo "fsck clean"
            debugfs -R 'ls -p /workspace/d' "$base/disk" 2>/dev/null | awk -F/ '$6 ~ /^f/ {print $6}'
            w start $id --quiet >/dev/null; w stop $id --quiet >/dev/null
            w disk export $id -o "$base/disk" --overwrite --json | field file_system
            """);
        Assert.Equal(["[\"/workspace/d/f1\",\"/workspace/d/f4\"]", "3", "needs_recovery", "1", "fsck clean", "f1", "f4", "clean"], Lines(result));
    }

    [Fact]
    public async Task A_summary_tells_a_session_in_fewer_than_forty_lines_and_a_reset_begins_anew()
    {
        CommandResult result = await RunAsync("""
            w create debian:12 --name sum --quiet >/dev/null
            w summary sum | tail -n +3
            for i in 1 2 3; do w exec sum -- make it >/dev/null 2>&1 || true; done
            for i in $(seq 20); do w exec sum -- echo $i >/dev/null; done
            w exec sum -- sh -c 'exit 3' || true
            w exec sum --timeout-seconds 1 -- sleep 60 >/dev/null 2>&1 || true
            w file write sum a.txt --text one >/dev/null; w file write sum a.txt --text two >/dev/null
            printf -- '--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-two\n\\ No newline at end of file\n+three\n' | w patch apply sum --patch-file - >/dev/null
            mkdir "$base/more"; echo m > "$base/more/m"; w sync push sum "$base/more" --dest in >/dev/null
            w export sum a.txt -o "$base/a.txt" >/dev/null
            w snapshot create sum good >/dev/null
            w summary sum --json > "$base/s"
            jq -c '[.name, .state, .reset_count, .command_count, .failed_command_count, (.commands | length), [.commands[] | select(.exit_code != 0) | .command, .exit_code, .count]]' "$base/s"
            jq -c '[.edit_count, [.edits[] | .kind, .subject, .count], .syncs[0].target, .exports[0].subject, .snapshots[0].subject]' "$base/s"
            jq -c '[.changes.added, [.changed_paths[] | .path, .status]]' "$base/s"
            w summary sum > "$base/t"; [ $(wc -l < "$base/t") -lt 40 ] && echo short
            grep -c 'exit 127, .* 3 times: make it' "$base/t"; grep -c 'time limit, .*: sleep 60' "$base/t"; grep -E '^(edits|snapshots|changed)' "$base/t"
            w stop sum --quiet >/dev/null
            w summary sum --json | jq -c '[.state, (.changes_unknown | contains("stopped")), .changes]'
            w reset sum --quiet >/dev/null
            w summary sum --json | jq -c '[.reset_count, .command_count, .edit_count, .snapshot_count, .changes.added]'
            code pyro workspace summary nowhere --json
            """);
        Assert.Equal(
            ["commands   0", "changed    nothing since the baseline",
             "[\"sum\",\"running\",0,25,5,11,[\"make it\",127,3,\"sh -c 'exit 3'\",3,1,\"sleep 60\",124,1]]",
             "[3,[\"file_write\",\"/workspace/a.txt\",2,\"patch\",\"/workspace/a.txt\",1],\"/workspace/in\",\"/workspace/a.txt\",\"good\"]",
             "[2,[\"a.txt\",\"added\",\"in/m\",\"added\"]]",
             "short", "1", "1", "edits      3", "snapshots  1", "changed    2 added, 0 modified, 0 deleted, 0 of another type since the baseline",
             "[\"stopped\",true,null]", "[1,0,0,0,0]", "125 workspace_not_found"],
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
