using System.Globalization;

namespace Pyro.EndToEnd;

[Collection(HostCollection.Name)]
public sealed class MachineTests(Host host)
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public async Task The_guest_sees_its_vcpus(int count)
    {
        CommandResult result = await host.PyroAsync("run", "debian:12", "--vcpu-count", $"{count}", "--", "nproc");
        Assert.True(result.ExitCode == 0, $"{result}");
        Assert.Equal($"{count}\n", result.Text);
    }

    [Theory]
    [InlineData(256)]
    [InlineData(1024)]
    [InlineData(4096)]
    public async Task The_guest_sees_its_memory(int mebibytes)
    {
        CommandResult result = await host.PyroAsync("run", "debian:12", "--mem-mib", $"{mebibytes}", "--", "awk", "/^MemTotal/ {print $2}", "/proc/meminfo");
        Assert.True(result.ExitCode == 0, $"{result}");
        // The kernel keeps some for itself: its image and 1.6 % for the array of pages.
        double seen = double.Parse(result.Text, CultureInfo.InvariantCulture) / 1024;
        Assert.InRange(seen, (mebibytes * 0.96) - 40, mebibytes);
    }

    [Fact]
    public async Task What_is_written_to_the_root_disk_is_gone_in_the_next_run()
    {
        CommandResult result = await host.ShellAsync("""
            disk=$(pyro env inspect debian:12 --verify --json | jq -r .root_disk)
            before=$(stat -c '%y %s %b' "$disk")
            pyro run debian:12 -- sh -c 'echo mark >/marked; rm /etc/debian_version; dd if=/dev/urandom of=/big bs=1M count=64 2>/dev/null; sync; cat /marked'
            pyro run debian:12 -- sh -c 'ls /marked /big 2>/dev/null; cat /etc/debian_version >/dev/null && echo whole'
            pyro env inspect debian:12 --verify --quiet >/dev/null && [ "$before" = "$(stat -c '%y %s %b' "$disk")" ] && echo unchanged
            """, limit: TimeSpan.FromMinutes(10));
        Assert.True(result.ExitCode == 0, $"{result}");
        Assert.Equal("mark\nwhole\nunchanged\n", result.Text);
    }

    [Fact]
    public async Task Eight_machines_run_at_once()
    {
        CommandResult result = await host.ShellAsync("""
            for i in 1 2 3 4 5 6 7 8; do
              pyro run debian:12 --quiet --timeout-seconds 300 -- sh -c "echo machine $i; until [ \$(cut -d. -f1 /proc/uptime) -ge 20 ]; do sleep 1; done" &
            done
            code=0
            for job in $(jobs -p); do wait $job || code=$?; done
            exit $code
            """, limit: TimeSpan.FromMinutes(10));
        Assert.True(result.ExitCode == 0, $"{result}");
        Assert.Equal(Enumerable.Range(1, 8).Select(i => $"machine {i}"), result.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order());
    }
}
