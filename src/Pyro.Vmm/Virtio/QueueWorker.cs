using Pyro.Kvm;
using Pyro.Kvm.Native;

namespace Pyro.Vmm.Virtio;

/// <summary>A device's thread: sleeps until the driver notifies, then has the device look at that queue.</summary>
/// <remarks>
/// Each queue is looked at once at the start, for what the driver queued before. An error that the device did not turn
/// into an answer for the driver puts the device in DEVICE_NEEDS_RESET, and the machine goes on.
/// </remarks>
public sealed class QueueWorker : IDisposable
{
    private readonly EventFd _stop = new();
    private readonly VirtioActivation _activation;
    private readonly Action<int> _process;
    private readonly string _name;
    private readonly MachineThread _thread;

    /// <summary>Starts the thread.</summary>
    /// <param name="name">The thread's name.</param>
    /// <param name="activation">The queues and what they are notified by.</param>
    /// <param name="process">Works off the queue of that index until it is empty. Called for queues the driver made only.</param>
    public QueueWorker(string name, VirtioActivation activation, Action<int> process)
    {
        ArgumentNullException.ThrowIfNull(activation);
        _activation = activation;
        _process = process;
        _name = name;
        _thread = new MachineThread(name, Run);
        _thread.Start();
    }

    /// <summary>Ends the thread, and returns when it has ended.</summary>
    public void Dispose()
    {
        foreach (VirtQueue? queue in _activation.Queues)
            queue?.Stop();
        _stop.Signal();
        _thread.Join();
        _stop.Dispose();
    }

    private void Run()
    {
        int queues = _activation.Queues.Count;
        pollfd[] polled = new pollfd[queues + 1];
        polled[queues] = ForReading(_stop);
        try
        {
            for (int i = 0; i < queues; i++)
            {
                polled[i] = ForReading(_activation.Notifiers[i]);
                if (_activation.Queues[i] is not null)
                    _process(i);
            }

            while (true)
            {
                Wait(polled);
                if (polled[queues].revents != 0)
                    return;
                for (int i = 0; i < queues; i++)
                {
                    if (polled[i].revents == 0)
                        continue;
                    _activation.Notifiers[i].TryTake(out _);
                    _activation.Counters.CountNotification();
                    if (_activation.Queues[i] is not null)
                        _process(i);
                }
            }
        }
        catch (Exception e)
        {
            _activation.Transport.SetNeedsReset($"{_name}: {e.Message}");
        }
    }

    private static pollfd ForReading(EventFd descriptor) => new() { fd = descriptor.Number, events = Uapi.POLLIN };

    private static unsafe void Wait(pollfd[] descriptors)
    {
        fixed (pollfd* first = descriptors)
        {
            while (Libc.poll(first, (nuint)descriptors.Length, -1) < 0)
            {
                LinuxException error = LinuxException.Last("poll", "a device's notifiers");
                if (error.Errno != Uapi.EINTR)
                    throw error;
            }
        }
    }
}
