namespace Pyro;

/// <summary>What a hot path allocates on the managed heap.</summary>
internal static class Allocations
{
    /// <summary>
    /// Bytes that this thread allocates in one <paramref name="run"/>: the least of a few, because the runtime itself
    /// allocates on a test's thread now and then (its own caches, once). What the path allocates, it allocates every time.
    /// </summary>
    public static long Of(Action run)
    {
        run();
        long least = long.MaxValue;
        for (int i = 0; i < 3; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            run();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
