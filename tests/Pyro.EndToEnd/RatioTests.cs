using System.Globalization;
using System.Text.Json;

namespace Pyro.EndToEnd;

/// <summary>
/// Whether machines still start as quickly as recorded: not in milliseconds, which say more about the host than about Pyro,
/// but in ratios of what runs in turns.
/// </summary>
[Collection(HostCollection.Name)]
public sealed class RatioTests
{
    private const int Runs = 6;

    [Fact]
    public async Task Starts_have_not_fallen_behind_what_was_recorded()
    {
        using JsonDocument recorded = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(Host.Checkout, "bench", "ratios.json")));
        double margin = recorded.RootElement.GetProperty("margin").GetDouble();
        CommandResult result = await Host.BenchAsync("boot", "--runs", $"{Runs}", "--json");
        Assert.True(result.ExitCode == 0, $"{result}");
        using JsonDocument measured = JsonDocument.Parse(result.Text);
        foreach (string ratio in (string[])["ratio_cold_to_qemu", "ratio_warm_to_cold"])
        {
            double now = measured.RootElement.GetProperty(ratio).GetDouble(), then = recorded.RootElement.GetProperty(ratio).GetDouble();
            Assert.True(now <= then * margin, string.Create(CultureInfo.InvariantCulture, $"{ratio} is {now}, more than {margin} times the recorded {then}: {result}"));
        }
    }
}
