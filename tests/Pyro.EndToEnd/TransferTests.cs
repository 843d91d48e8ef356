using System.Text.Json;

namespace Pyro.EndToEnd;

/// <summary>A tree's way into a guest and out again.</summary>
[Collection(HostCollection.Name)]
public sealed class TransferTests
{
    [Fact]
    public async Task A_tree_goes_in_as_quickly_as_by_tar_and_comes_out_as_it_was()
    {
        // Compares what it exports byte by byte with what it pushed, and fails if anything differs.
        CommandResult result = await Host.BenchAsync("files", "--runs", "3", "--files", "1000", "--json");

        Assert.True(result.ExitCode == 0, $"{result}");
        using JsonDocument report = JsonDocument.Parse(result.Text);
        Assert.InRange(report.RootElement.GetProperty("ratio").GetDouble(), 0.01, 1.5);
    }
}
