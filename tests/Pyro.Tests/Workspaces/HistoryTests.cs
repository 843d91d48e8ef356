using Pyro.Workspaces.Engine;

namespace Pyro.Tests.Workspaces;

public sealed class HistoryTests : IDisposable
{
    private readonly TemporaryFolder _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Numbers_are_given_once_however_many_ask()
    {
        var history = new History(new WorkspaceFolder(_root.Path, "id"));
        int[] numbers = new int[200];
        Parallel.For(0, numbers.Length, i => numbers[i] = history.NextSequence());
        Assert.Equal(Enumerable.Range(1, numbers.Length), numbers.Order());
        Assert.Equal(numbers.Length, history.CommandCount);
    }

    [Fact]
    public void Lines_of_many_writers_stay_whole_and_one_that_was_cut_is_left_out()
    {
        var history = new History(new WorkspaceFolder(_root.Path, "id"));
        Assert.Empty(history.Read());
        Parallel.For(0, 100, i => history.Add(Entry(i)));
        File.AppendAllText(Path.Combine(_root.Path, "history.jsonl"), "{\"kind\": \"exec\", \"at");
        Assert.Equal(Enumerable.Range(0, 100), history.Read().Select(static e => e.Sequence).Order());
    }

    [Fact]
    public void Forgetting_begins_at_one_again()
    {
        var history = new History(new WorkspaceFolder(_root.Path, "id"));
        history.NextSequence();
        history.Add(Entry(1));
        history.Clear();
        Assert.Empty(history.Read());
        Assert.Equal(0, history.CommandCount);
        Assert.Equal(1, history.NextSequence());
    }

    private static HistoryEntry Entry(int sequence) => new() { Kind = History.Exec, At = DateTimeOffset.UnixEpoch, Sequence = sequence, Command = ["echo", new string('x', 500)] };
}
