using Pyro.Mcp.Tests;

namespace Pyro.EndToEnd;

/// <summary>What commands print with --json fits the schemas in docs/schemas.</summary>
[Collection(HostCollection.Name)]
public sealed class JsonTests(Host host, NodeClient node) : IClassFixture<NodeClient>
{
    [Fact]
    public async Task Documents_of_all_commands_fit_their_schemas()
    {
        CommandResult result = await host.ShellAsync("""
            base=$(mktemp -d); export XDG_STATE_HOME=$base
            w() { pyro workspace "$@"; }
            trap 'for id in $(w list --json | jq -r ".workspaces[].workspace_id"); do w delete "$id" >/dev/null; done; rm -rf "$base"' EXIT
            # fits SCHEMA COMMAND...: one line of the schema's name and what the command prints
            fits() { local name=$1; shift; printf '%s\t%s\n' "$name" "$({ "$@" 2>/dev/null || true; } | jq -c .)"; }

            fits run pyro run debian:12 --json -- sh -c 'echo out; exit 3'
            fits run pyro run debian:12 --json --stats -- true
            fits doctor pyro doctor --json
            fits env_list pyro env list --json
            fits env pyro env inspect debian:12 --json
            fits prepare pyro prepare debian:12 --json
            fits bench_boot pyro bench boot --runs 2 --json
            fits error pyro run no:such --json -- true
            fits error pyro run debian:12 --vcpu-count 0 --json -- true

            mkdir "$base/seed"; echo one > "$base/seed/a"; ln -s a "$base/seed/link"
            fits workspace w create debian:12 --name work --label team=red --seed-path "$base/seed" --ttl-seconds 3600 --json
            fits workspace_list w list --json
            fits workspace w status work --json
            fits workspace w update work --label team=blue --json
            fits workspace_exec w exec work --json -- sh -c 'echo out; echo err >&2; chmod 755 a; head -c 100 /dev/urandom >binary'
            fits workspace_exec w exec work --timeout-seconds 1 --json -- sleep 60
            fits workspace_logs w logs work --json
            fits workspace_file_write w file write work dir/b --text two --json
            fits workspace_file_list w file list work --recursive --json
            fits workspace_file_read w file read work dir/b --json
            fits workspace_sync w sync push work "$base/seed" --dest /workspace/again --json
            printf '%s\n' '--- a/a' '+++ b/a' '@@ -1 +1 @@' '-one' '+eins' >"$base/patch"
            fits workspace_patch w patch apply work --patch-file "$base/patch" --json
            fits workspace_diff w diff work --json
            fits workspace_export w export work dir --output "$base/dir" --json
            fits workspace_snapshot w snapshot create work one --json
            fits workspace_snapshots w snapshot list work --json
            fits workspace_snapshot_deleted w snapshot delete work one --json
            fits workspace_forks w fork work --json
            fits workspace w reset work --json
            fits workspace_summary w summary work --json
            fits workspace w stop work --json
            fits workspace_summary w summary work --json
            fits workspace_file_list w disk list work /workspace --recursive --json
            fits workspace_file_read w disk read work /workspace/a --json
            fits workspace_disk_export w disk export work --output "$base/disk" --json
            fits error w exec work --json -- true
            fits workspace w start work --json
            fits workspace_deleted w delete work --json
            fits error w status work --json
            fits error w status --json
            """);
        Assert.True(result.ExitCode == 0, $"{result}");

        Assert.Equal("39 documents\n", await node.ValidateAsync(result.Text));
    }
}
