using System.Text.Json;

namespace Pyro.EndToEnd;

/// <summary>
/// A machine is forked in the middle of its work: one run of <c>bench/compare forks</c>, which drives the SDK where guests
/// run, and what must hold of what it saw.
/// </summary>
[Collection(HostCollection.Name)]
public sealed class ForkTests(ForkTests.Seen seen) : IClassFixture<ForkTests.Seen>
{
    private const int Machines = 6;

    private JsonElement[] All => [.. seen.Facts.GetProperty("machines").EnumerateArray()];

    private JsonElement Source => All[0];

    [Fact]
    public void Every_fork_is_a_machine_of_its_own()
    {
        Assert.Equal(["source", "fork 1", "fork 2", "fork 3", "fork 4", "fork of fork 1"], Texts("name"));
        Assert.Equal(["Warm", "Fork", "Fork", "Fork", "Fork", "Fork"], Texts("start_mode"));
        Assert.Equal(Machines, Texts("machine_id").Distinct().Count());
        Assert.Equal(Machines, Texts("host_name").Distinct().Count());
        Assert.All(All, machine => Assert.True(machine.GetProperty("clock_is_right").GetBoolean()));
    }

    [Theory]
    [InlineData("urandom")]
    [InlineData("getrandom")]
    [InlineData("uuid")]
    public void No_two_machines_ever_draw_the_same_random_value(string from)
    {
        string[][] draws = [.. All.Select(machine => machine.GetProperty("draws").GetProperty(from).EnumerateArray().Select(value => value.GetString()!).ToArray())];
        Assert.All(draws, values => Assert.True(values.Length >= 12, $"{values.Length} values"));
        Assert.Equal(draws.Sum(values => values.Length), draws.SelectMany(values => values).Distinct().Count());
    }

    [Fact]
    public void Every_fork_has_each_number_whose_sync_the_source_was_told_of_and_counts_on()
    {
        long acknowledged = seen.Facts.GetProperty("acknowledged").GetInt64();
        Assert.True(acknowledged >= 12);
        foreach (JsonElement machine in All)
        {
            long[] counted = Numbers(machine.GetProperty("counted"));
            Assert.True(counted[^1] >= acknowledged, $"{counted[^1]} of {acknowledged}");
            Assert.Equal(Enumerable.Range(1, counted.Length).Select(i => (long)i), counted);
            Assert.True(machine.GetProperty("counts_on").GetBoolean());
        }
    }

    [Fact]
    public void The_sources_commands_go_on_without_a_gap()
    {
        long[] counted = Numbers(seen.Facts.GetProperty("source_counted"));
        Assert.Equal(Enumerable.Range(1, counted.Length).Select(i => (long)i), counted);
        Assert.True(counted[^1] > seen.Facts.GetProperty("acknowledged").GetInt64());
    }

    [Fact]
    public void What_one_machine_writes_no_other_sees()
    {
        string[][] marks = [.. All.Select(machine => machine.GetProperty("marks").EnumerateArray().Select(mark => mark.GetString()!).ToArray())];
        Assert.Equal([["source"], ["fork 1"], ["fork 2"], ["fork 3"], ["fork 4"], ["fork 1"]], marks);
    }

    [Fact]
    public void A_server_of_the_source_answers_in_every_fork()
    {
        Assert.StartsWith("served by ", Source.GetProperty("listener").GetString(), StringComparison.Ordinal);
        Assert.Single(Texts("listener").Distinct());
    }

    [Fact]
    public void Forks_outlive_their_source() => Assert.Equal("alive", seen.Facts.GetProperty("spoken_to_orphan").GetString());

    [Fact]
    public void A_machine_whose_process_does_not_stop_is_not_forked_and_goes_on()
    {
        string stuck = seen.Facts.GetProperty("stuck_fork").GetString()!;
        Assert.StartsWith("fork_failed: ", stuck, StringComparison.Ordinal);
        Assert.Matches(@"not all processes of the guest stopped within \d+ ms; these wait for a device: .*dd \(\d+\)", stuck);
        Assert.Equal("written, forked", seen.Facts.GetProperty("after_stuck_fork").GetString());
    }

    [Fact]
    public void If_one_fork_fails_none_is_left_and_the_error_says_which()
    {
        Assert.Matches(@"^boot_failed: fork [1-3] of 3: .*refused", seen.Facts.GetProperty("failed_fork").GetString());
        Assert.Equal(0, seen.Facts.GetProperty("failed_fork_left").GetInt32());
    }

    [Fact]
    public void The_files_of_all_machines_are_gone_with_them()
    {
        long[] nameless = Numbers(seen.Facts.GetProperty("nameless_files"));
        Assert.Equal(0, nameless[0]);
        // A top layer each, and what each was frozen from.
        Assert.True(nameless[1] >= Machines * 2, $"{nameless[1]} files");
        Assert.Equal(0, nameless[2]);
        long[] descriptors = Numbers(seen.Facts.GetProperty("descriptors"));
        Assert.InRange(descriptors[1], 0, descriptors[0] + 4);
    }

    private static long[] Numbers(JsonElement list) => [.. list.EnumerateArray().Select(number => number.GetInt64())];

    private string[] Texts(string property) => [.. All.Select(machine => machine.GetProperty(property).GetString()!)];

    /// <summary>The one run, and what it saw.</summary>
    public sealed class Seen : IAsyncLifetime
    {
        public JsonElement Facts { get; private set; }

        public async Task InitializeAsync()
        {
            CommandResult result = await Host.BenchAsync("forks");
            Assert.True(result.ExitCode == 0, $"{result}");
            using JsonDocument document = JsonDocument.Parse(result.Text);
            Facts = document.RootElement.Clone();
        }

        public Task DisposeAsync() => Task.CompletedTask;
    }
}
