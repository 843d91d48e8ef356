using System.Globalization;

namespace Pyro.EndToEnd;

/// <summary>Machines that go on from a warm snapshot: made, found, replaced, dropped, and each a machine of its own.</summary>
[Collection(HostCollection.Name)]
public sealed class WarmTests(Host host)
{
    // A cache of its own over the real one's environments.
    private const string OwnCache = """
        real=${XDG_CACHE_HOME:-$HOME/.cache}/pyro
        base=$(mktemp -d); trap 'rm -rf "$base"' EXIT
        export XDG_CACHE_HOME=$base
        mkdir -m 700 "$base/pyro"
        ln -s "$real/environments" "$base/pyro/environments"
        warm=$base/pyro/warm
        mode() { pyro run debian:12 "$@" --json -- true | jq -r .start_mode; }
        state() { pyro doctor --json | jq -r '.checks[] | select(.name == "warm_start") | .message' | cut -d: -f1; }

        """;

    [Fact]
    public async Task The_first_run_makes_the_snapshot_and_later_ones_use_it()
    {
        CommandResult result = await host.ShellAsync(OwnCache + """
            state
            pyro run debian:12 -- true 2>"$base/first"
            grep -c '^.prepare. step=save' "$base/first"
            pyro run debian:12 -- true 2>"$base/second"
            grep -c '^.prepare.' "$base/second" || true
            mode; mode --cold
            state
            stat -c %a "$warm" "$warm"/debian*/ "$warm"/debian*/*
            """);
        Assert.True(result.ExitCode == 0, $"{result}");
        Assert.Equal(["cold", "1", "0", "warm", "cold", "warm", "700", "700", "600", "600", "600", "600"], Lines(result));
    }

    [Fact]
    public async Task Machines_of_one_snapshot_share_no_random_number_no_id_and_no_clock_of_the_past()
    {
        const int machines = 6;
        CommandResult result = await host.ShellAsync($$"""
            pyro prepare --quiet >/dev/null
            for i in $(seq {{machines}}); do
              pyro run debian:12 --json -- sh -c '
                head -c 16 /dev/urandom | od -An -tx1 | tr -d " \n"; echo
                cat /proc/sys/kernel/random/uuid /proc/sys/kernel/random/boot_id /etc/machine-id
                mktemp -u XXXXXXXXXXXXXXXX; perl -e "print rand(), qq(\n)"' | jq -r '.start_mode, .stdout'
              pyro run debian:12 --quiet -- date +%s; date +%s
            done
            """);
        Assert.True(result.ExitCode == 0, $"{result}");
        string[] lines = Lines(result);
        const int each = 9;
        Assert.Equal(machines * each, lines.Length);
        foreach (int line in Enumerable.Range(0, each - 2))
        {
            string[] values = [.. Enumerable.Range(0, machines).Select(machine => lines[(machine * each) + line])];
            if (line == 0)
                Assert.All(values, value => Assert.Equal("warm", value));
            else
                Assert.Equal(machines, values.Distinct().Count());
        }

        foreach (int machine in Enumerable.Range(0, machines))
        {
            long guest = Number(lines[(machine * each) + 7]), here = Number(lines[(machine * each) + 8]);
            Assert.InRange(here - guest, 0, 20);
        }
    }

    [Fact]
    public async Task The_uptime_of_a_machine_does_not_count_the_time_that_its_snapshot_lay_on_the_disk()
    {
        CommandResult result = await host.ShellAsync("""
            pyro prepare --quiet >/dev/null
            pyro run debian:12 --quiet -- cut -d ' ' -f 1 /proc/uptime
            sleep 20
            begin=$(date +%s)
            pyro run debian:12 --quiet -- cut -d ' ' -f 1 /proc/uptime
            echo $(($(date +%s) - begin))
            """);
        Assert.True(result.ExitCode == 0, $"{result}");
        double[] numbers = [.. Lines(result).Select(line => double.Parse(line, System.Globalization.CultureInfo.InvariantCulture))];
        // Both began at the snapshot's; the second run took at most so long from there.
        Assert.InRange(numbers[1] - numbers[0], double.MinValue, numbers[2] + 1);
    }

    [Fact]
    public async Task A_snapshot_that_is_damaged_is_said_to_be_and_replaced()
    {
        CommandResult result = await host.ShellAsync(OwnCache + """
            mode
            damage() { (cd "$warm"/debian*/ && "$@"); }
            said() { pyro run debian:12 -- sh -c 'echo fine' 2>"$base/said"; grep '^.prepare. step=unusable' "$base/said"; }
            damage sh -c 'printf X | dd of=state bs=1 seek=3000 conv=notrunc status=none'; said
            damage sh -c 'printf X | dd of=memory bs=1 seek=$((0x1000010)) conv=notrunc status=none'; said
            damage sh -c 'printf X | dd of=layer bs=1 seek=5000 conv=notrunc status=none'; said
            damage truncate -s 20M memory; said
            mode
            """);
        Assert.True(result.ExitCode == 0, $"{result}");
        string[] lines = Lines(result);
        Assert.Equal(["warm", "fine", "fine", "fine", "fine", "warm"], lines.Where((_, i) => i is 0 or 9 || i % 2 == 1));
        string[] reasons = [.. lines.Where((_, i) => i is not 0 and not 9 && i % 2 == 0)];
        Assert.Contains("its checksum is wrong", reasons[0], StringComparison.Ordinal);
        Assert.Contains("its memory at 0x", reasons[1], StringComparison.Ordinal);
        Assert.Contains("its disk layer 0 has a wrong checksum", reasons[2], StringComparison.Ordinal);
        Assert.Contains("cut short", reasons[3], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_copy_of_a_snapshot_is_as_good()
    {
        CommandResult result = await host.ShellAsync(OwnCache + """
            mode
            folder=$(echo "$warm"/debian*/); folder=${folder%/}
            cp -r --sparse=always "$folder" "$warm/copy"; rm -r "$folder"; mv "$warm/copy" "$folder"
            pyro run debian:12 --json -- true 2>&1 | jq -r .start_mode
            """);
        Assert.True(result.ExitCode == 0, $"{result}");
        Assert.Equal(["warm", "warm"], Lines(result));
    }

    [Fact]
    public async Task Another_kernel_makes_it_stale_and_prune_drops_what_is()
    {
        CommandResult result = await host.ShellAsync(OwnCache + """
            mode
            pyro env prune --json | jq -c '.removed | length'
            cp "$(dirname "$(command -v pyro)")/vmlinux" "$base/vmlinux"
            PYRO_KERNEL=$base/vmlinux state
            PYRO_KERNEL=$base/vmlinux mode
            state
            pyro env prune --json | jq -c '.removed | length'
            state
            find "$warm" -mindepth 1 -type d | wc -l
            """);
        Assert.True(result.ExitCode == 0, $"{result}");
        Assert.Equal(["warm", "0", "stale", "warm", "stale", "1", "cold", "0"], Lines(result));
    }

    [Fact]
    public async Task Killed_at_any_moment_prepare_leaves_no_half_snapshot()
    {
        CommandResult result = await host.ShellAsync(OwnCache + """
            for after in 0.3 0.9 1.5 2.1; do
              pyro prepare --force --quiet >/dev/null 2>&1 & victim=$!
              sleep "$after"; kill -9 "$victim" 2>/dev/null || true; wait "$victim" 2>/dev/null || true
              for folder in "$warm"/debian*/; do
                [ ! -d "$folder" ] || [ -s "$folder/state" ] || echo "half: $folder"
              done
              pyro run debian:12 -- true 2>"$base/said" || echo failed
              ! grep -q 'step=unusable' "$base/said" || cat "$base/said"
            done
            pyro env prune >/dev/null
            ls -A "$warm" | grep '^.build' || true
            mode
            """);
        Assert.True(result.ExitCode == 0, $"{result}");
        Assert.Equal(["warm"], Lines(result));
    }

    [Fact]
    public async Task Two_that_prepare_at_once_make_one_snapshot()
    {
        CommandResult result = await host.ShellAsync(OwnCache + """
            pyro prepare --json >"$base/one" & one=$!
            pyro prepare --json >"$base/two" & two=$!
            wait "$one"; wait "$two"
            jq -r .warm_state "$base/one" "$base/two"
            find "$warm" -mindepth 1 -maxdepth 1 -type d | wc -l
            """);
        Assert.True(result.ExitCode == 0, $"{result}");
        Assert.Equal(["warm", "warm", "1"], Lines(result));
    }

    [Fact]
    public async Task Prepare_says_what_it_made_and_remove_drops_it()
    {
        CommandResult result = await host.ShellAsync(OwnCache + """
            rm "$base/pyro/environments"; mkdir -m 700 "$base/pyro/environments"
            cp -r --sparse=always "$real"/environments/debian-12-[0-9a-f]* "$base/pyro/environments/"
            pyro prepare debian:12 --mem-mib 512 --json >"$base/made"
            jq -c '[.environment, .vcpu_count, .mem_mib, .warm_state, .made, .disk_usage > 1000000]' "$base/made"
            pyro prepare debian:12 --mem-mib 512 --json | jq .made
            mode --mem-mib 512
            pyro env remove debian:12 >/dev/null
            find "$warm" -mindepth 1 -type d | wc -l
            """);
        Assert.True(result.ExitCode == 0, $"{result}");
        Assert.Equal(["""["debian:12",1,512,"warm",true,true]""", "false", "warm", "0"], Lines(result));
    }

    private static string[] Lines(CommandResult result) => result.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
