namespace Pyro.Vmm.Tests;

[Collection(AloneCollection.Name)]
public sealed class MachineThreadTests
{
    [Fact]
    public void It_runs_under_its_name_on_a_thread_of_its_own_until_its_end_is_waited_for()
    {
        using var go = new ManualResetEventSlim();
        string? name = null;
        int thread = 0;
        var tested = new MachineThread("tested", () =>
        {
            go.Wait();
            name = File.ReadAllText("/proc/thread-self/comm").Trim();
            thread = Environment.CurrentManagedThreadId;
        });
        Assert.False(tested.IsAlive);
        tested.Start();
        Assert.True(tested.IsAlive);
        go.Set();
        tested.Join();
        tested.Join();
        Assert.False(tested.IsAlive);
        Assert.Equal("tested", name);
        Assert.NotEqual(Environment.CurrentManagedThreadId, thread);
    }

    [Fact]
    public void One_that_was_never_started_has_ended()
    {
        var tested = new MachineThread("tested", () => { });
        tested.Join();
        Assert.False(tested.IsAlive);
    }

    [Fact]
    public void It_lives_without_anybody_who_knows_it()
    {
        using var done = new ManualResetEventSlim();
        StartOne(done);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.True(done.Wait(TimeSpan.FromSeconds(20)));

        static void StartOne(ManualResetEventSlim done) => new MachineThread("tested", () =>
        {
            Thread.Sleep(50);
            done.Set();
        }).Start();
    }

    [Fact]
    public void Joined_threads_leave_no_stacks_behind()
    {
        long before = MappedBytes();
        for (int i = 0; i < 2000; i++)
        {
            var tested = new MachineThread("tested", () => { });
            tested.Start();
            tested.Join();
        }

        // Half of what 2000 stacks of 256 KiB would be; the C library keeps some for the next threads.
        Assert.InRange(MappedBytes() - before, long.MinValue, 250L << 20);

        static long MappedBytes() => long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture) * Environment.SystemPageSize;
    }
}
