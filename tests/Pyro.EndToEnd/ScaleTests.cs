using System.Globalization;

namespace Pyro.EndToEnd;

/// <summary>Many Linux machines of one snapshot at once.</summary>
[Collection(HostCollection.Name)]
public sealed class ScaleTests(Host host)
{
    private const int Machines = 24;

    // What an idle machine may add to the host's used memory, its process and the kernel's own of it included.
    private const double MostMibEach = 12;

    [Fact]
    public async Task Twenty_four_machines_run_at_once_share_their_memory_and_leave_nothing()
    {
        CommandResult result = await host.ShellAsync($$"""
            base=$(mktemp -d); trap 'rm -rf "$base"' EXIT
            export XDG_STATE_HOME=$base/state XDG_RUNTIME_DIR=$base/run
            mkdir -m 700 "$base/run"
            pyro prepare --quiet >/dev/null
            used() { awk '/^MemTotal|^MemFree|^Buffers|^Cached|^SReclaimable/ { v[$1] = $2 } END { print v["MemTotal:"] - v["MemFree:"] - v["Buffers:"] - v["Cached:"] - v["SReclaimable:"] }' /proc/meminfo; }
            all() { cat "$base"/out.* 2>/dev/null | wc -l; }
            before=$(used)
            for i in $(seq {{Machines}}); do
              pyro run debian:12 --quiet --timeout-seconds 400 -- sh -c 'cat /etc/machine-id; exec sleep 300' >"$base/out.$i" 2>"$base/err.$i" &
            done
            until [ "$(all)" = {{Machines}} ]; do sleep 0.5; done
            sleep 3
            callers=0;
            for process in $(jobs -p); do callers=$((callers + $(awk '/^Private_/ { s += $2 } END { print s + 0 }' "/proc/$process/smaps_rollup"))); done
            echo "each $((($(used) - before - callers) / {{Machines}}))"
            echo "distinct $(cat "$base"/out.* | sort -u | wc -l)"
            echo "vmms $(pgrep -cf '/pyro vmm$')"
            kill $(jobs -p); wait || true
            for i in $(seq 50); do pgrep -f '/pyro vmm$' >/dev/null || break; sleep 0.2; done
            echo "left $(pgrep -cf '/pyro vmm$' || true) $(find "$base/run" "$base/state" -mindepth 1 -not -type d | wc -l) $(ls "$base/run/pyro" | wc -l)"
            cat "$base"/err.*
            """, limit: TimeSpan.FromMinutes(10));
        Assert.True(result.ExitCode == 0, $"{result}");
        string[] lines = result.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal([$"distinct {Machines}", $"vmms {Machines}", "left 0 0 0"], lines[1..]);
        double each = double.Parse(lines[0]["each ".Length..], CultureInfo.InvariantCulture) / 1024;
        Assert.InRange(each, 0, MostMibEach);
    }
}
