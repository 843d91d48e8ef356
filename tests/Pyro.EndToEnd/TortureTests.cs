using System.Text.Json;

namespace Pyro.EndToEnd;

/// <summary>A short run of <c>bench/torture</c>: fio verifies in Linux machines that are saved, restored, forked and killed at random points.</summary>
[Collection(HostCollection.Name)]
public sealed class TortureTests
{
    private const int Cycles = 10;

    [Fact]
    public async Task Fio_finds_no_wrong_byte_in_machines_that_are_saved_forked_and_killed()
    {
        CommandResult result = await Host.ScriptAsync("bench/torture", "--cycles", $"{Cycles}", "--verbose", "--json");
        Assert.True(result.ExitCode == 0, $"{result}");
        using JsonDocument report = JsonDocument.Parse(result.Text);
        JsonElement root = report.RootElement;
        Assert.Equal(Cycles, root.GetProperty("cycles").GetInt32());
        // More than the two files hold: what was read at the end is not all that was verified.
        Assert.InRange(root.GetProperty("blocks_verified").GetInt64(), 2 * 1024, long.MaxValue);
        Assert.InRange(root.GetProperty("counts").EnumerateObject().Sum(count => count.Value.GetInt32()), Cycles, int.MaxValue);
    }
}
