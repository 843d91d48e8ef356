using System.Diagnostics;
using Pyro.Protocol;
using Pyro.Vmm.Processes;

namespace Pyro.Machines;

/// <summary>
/// How running machines are made of one that runs, in the only order that is safe: its processes are held, its snapshot is
/// taken, they are let go as soon as it runs again, and machines are started from the snapshot, in each of which they stay
/// held until it is a machine of its own. Knows no <see cref="Machine"/> of the source: that may belong to another process.
/// </summary>
internal static class LiveFork
{
    /// <summary>The most machines of one call.</summary>
    internal const int MaxCount = 1000;

    // A process in the middle of a disk's slowest answer is to have time for it, on an emulated host too.
    private static readonly TimeSpan s_holdLimit = TimeSpan.FromSeconds(10);

    /// <summary>Takes a snapshot in which no process of the guest runs before it is resumed.</summary>
    /// <param name="vsock">The socket of the source's vsock device.</param>
    /// <param name="save">Begins the snapshot, and calls what it is given when the source runs again.</param>
    /// <param name="cancellationToken">Ends the wait for the guest. What has been begun after that is waited for: the source's disk goes on in a new layer.</param>
    /// <exception cref="GuestRequestException">The guest's processes did not stop; they go on.</exception>
    /// <exception cref="GuestConnectionLostException">The source is gone.</exception>
    internal static async Task<LiveSave> SaveAsync(string vsock, Func<Action<int>, Task<MachineSavedLive>> save, CancellationToken cancellationToken)
    {
        var runs = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<MachineSavedLive> saving;
        long begin;
        await using (GuestConnection hold = await GuestConnection.ConnectAsync(vsock, cancellationToken: cancellationToken).ConfigureAwait(false))
        {
            begin = Stopwatch.GetTimestamp();
            await hold.HoldAsync(new HoldRequest { TimeoutMilliseconds = (uint)s_holdLimit.TotalMilliseconds }, cancellationToken).ConfigureAwait(false);
            saving = save(runs.SetResult);
            await Task.WhenAny(runs.Task, saving).ConfigureAwait(false);
        }

        TimeSpan held = Stopwatch.GetElapsedTime(begin);
        MachineSavedLive result = await saving.ConfigureAwait(false);
        return new LiveSave(result, runs.Task.IsCompleted ? await runs.Task.ConfigureAwait(false) : 0, held);
    }

    /// <summary>Starts machines side by side, as many at once as there are processors. All of them come up, or none is left.</summary>
    /// <param name="count">How many.</param>
    /// <param name="start">Starts one, of this number from 0, and makes it a machine of its own.</param>
    /// <param name="cancellationToken">Ends those that were started.</param>
    /// <exception cref="PyroException">One did not start; the message says which and why.</exception>
    internal static async Task<IReadOnlyList<Machine>> StartAsync(int count, Func<int, CancellationToken, Task<Machine>> start, CancellationToken cancellationToken)
    {
        using var turns = new SemaphoreSlim(Environment.ProcessorCount);
        using var others = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var machines = new Machine?[count];
        Exception? first = null;
        var starts = new Task[count];
        for (int i = 0; i < count; i++)
            starts[i] = OneAsync(i);
        await Task.WhenAll(starts).ConfigureAwait(false);
        if (first is null)
            return machines!;
        await Task.WhenAll(machines.OfType<Machine>().Select(machine => machine.DisposeAsync().AsTask())).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        throw first;

        async Task OneAsync(int index)
        {
            try
            {
                await turns.WaitAsync(others.Token).ConfigureAwait(false);
                // Much of a start is done before anybody is waited for.
                machines[index] = await Task.Run(() => start(index, others.Token), others.Token).ConfigureAwait(false);
                turns.Release();
            }
            catch (Exception e)
            {
                Exception told = e is PyroException p && count > 1 ? new PyroException(p.Code, $"fork {index + 1} of {count}: {p.Message}", p.Hint, p.Detail) : e;
                // What the others fail with from here on is only that they are not wanted any more.
                if (Interlocked.CompareExchange(ref first, told, null) is null)
                    await others.CancelAsync().ConfigureAwait(false);
            }
        }
    }
}
