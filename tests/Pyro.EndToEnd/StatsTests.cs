using System.Text.Json;

namespace Pyro.EndToEnd;

[Collection(HostCollection.Name)]
public sealed class StatsTests(Host host)
{
    [Fact]
    public async Task A_run_tells_what_its_machine_did()
    {
        CommandResult result = await host.PyroAsync("run", "debian:12", "--cold", "--stats", "--json", "--", "sh", "-c", "head -c 64M /dev/zero >/dev/shm/fill");
        Assert.True(result.ExitCode == 0, $"{result}");
        using JsonDocument document = JsonDocument.Parse(result.Text);
        JsonElement stats = document.RootElement.GetProperty("stats");
        Assert.InRange(stats.GetProperty("exits").GetProperty("port").GetInt64(), 1, 10_000);
        Assert.InRange(stats.GetProperty("exits").GetProperty("mmio").GetInt64(), 10, 10_000);
        JsonElement devices = stats.GetProperty("devices");
        Assert.Equal(["block", "vsock", "rng", "balloon"], devices.EnumerateArray().Select(d => d.GetProperty("device").GetString()));
        // The disk was read, and the command came and its end was told by vsock.
        foreach (JsonElement device in devices.EnumerateArray().Take(2))
        {
            Assert.InRange(device.GetProperty("notifications").GetInt64(), 1, 100_000);
            Assert.InRange(device.GetProperty("interrupts").GetInt64(), 1, 100_000);
        }

        JsonElement memory = stats.GetProperty("memory_kib");
        long own = memory.GetProperty("private").GetInt64();
        Assert.InRange(own, 64 << 10, 1100 << 10);
        Assert.InRange(memory.GetProperty("peak").GetInt64(), own, 1200 << 10);
    }

    [Fact]
    public async Task People_get_a_table_behind_the_commands_own_output()
    {
        CommandResult result = await host.PyroAsync("run", "debian:12", "--quiet", "--stats", "--", "sh", "-c", "echo out; echo err >&2");
        Assert.True(result.ExitCode == 0, $"{result}");
        Assert.Equal("out\n", result.Text);
        Assert.Matches(@"^err\n +port +mmio +interrupted\nexits( +\d+){3}\n +notifications +interrupts\nblock( +\d+){2}\nvsock( +\d+){2}\nrng( +\d+){2}\nballoon( +\d+){2}\n +private +peak\nmemory( +[\d.]+ MiB){2}\n$", result.Stderr);
    }
}
