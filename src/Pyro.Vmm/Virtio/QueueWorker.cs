using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Virtio;

/// <summary>A device's thread: sleeps until the driver notifies, then has the device look at that queue.</summary>
/// <remarks>
/// Each queue is looked at once at the start, for what the driver queued before. An error that the device did not turn
/// into an answer for the driver puts the device in DEVICE_NEEDS_RESET, and the machine goes on.
/// </remarks>
public sealed class QueueWorker : IDisposable
{
    private const int StackBytes = 256 << 10;

    private readonly EventFd _stop = new();
    private readonly VirtioActivation _activation;
    private readonly Action<int> _process;
    private readonly Thread _thread;

    /// <summary>Starts the thread.</summary>
    /// <param name="name">The thread's name.</param>
    /// <param name="activation">The queues and what they are notified by.</param>
    /// <param name="process">Works off the queue of that index until it is empty. Called for queues the driver made only.</param>
    public QueueWorker(string name, VirtioActivation activation, Action<int> process)
    {
        ArgumentNullException.ThrowIfNull(activation);
        _activation = activation;
        _process = process;
        _thread = new Thread(Run, StackBytes) { Name = name, IsBackground = true };
        _thread.Start();
    }

    /// <summary>Ends the thread, and returns when it has ended.</summary>
    public void Dispose()
    {
        _stop.Signal();
        _thread.Join();
        _stop.Dispose();
    }

    private void Run()
    {
        int queues = _activation.Queues.Count;
        PollDescriptor[] polled = new PollDescriptor[queues + 1];
        polled[queues] = PollDescriptor.ForReading(_stop.Handle);
        try
        {
            for (int i = 0; i < queues; i++)
            {
                polled[i] = PollDescriptor.ForReading(_activation.Notifiers[i].Handle);
                if (_activation.Queues[i] is not null)
                    _process(i);
            }

            while (true)
            {
                Libc.Poll(polled);
                if (polled[queues].IsReady)
                    return;
                for (int i = 0; i < queues; i++)
                {
                    if (!polled[i].IsReady)
                        continue;
                    _activation.Notifiers[i].Drain();
                    if (_activation.Queues[i] is not null)
                        _process(i);
                }
            }
        }
        catch (Exception e)
        {
            _activation.Transport.SetNeedsReset($"{_thread.Name}: {e.Message}");
        }
    }
}
