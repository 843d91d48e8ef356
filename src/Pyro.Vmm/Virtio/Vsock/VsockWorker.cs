using Pyro.Kvm;
using Pyro.Kvm.Native;

namespace Pyro.Vmm.Virtio.Vsock;

/// <summary>A vsock device's thread, from the driver's start to the device's reset: queues on one side, sockets on the other.</summary>
/// <remarks>
/// It sleeps in one place, epoll_wait, and does no more than a bounded piece of work before it looks at everything
/// again: neither the guest nor a host program can keep it from the others, or from ending.
/// </remarks>
internal sealed class VsockWorker : IDisposable
{
    internal const int ReceiveQueue = 0;
    internal const int TransmitQueue = 1;
    internal const int EventQueue = 2;

    private const int PacketsPerTurn = 256;
    private const int AcceptsPerTurn = 32;
    private const int EventsPerTurn = 64;
    private const int AcceptPause = 100;

    // Connections have their slot in the low half and never get this far.
    private const ulong QueueToken = ulong.MaxValue - 3;
    private const ulong WakeToken = ulong.MaxValue - 4;
    private const ulong ListenToken = ulong.MaxValue - 5;

    private readonly VirtioActivation _activation;
    private readonly VirtQueue _receive;
    private readonly VirtQueue _transmit;
    private readonly VirtQueue? _events;
    private readonly int _listener;
    private readonly Func<Epoll, VsockMuxer> _createMuxer;
    private readonly VsockCounters _counters;
    private readonly EventFd _wake = new();
    private readonly MachineThread _thread;

    // Guards the next three; an object and not a Lock, because threads wait on it.
    private readonly object _parking = new();
    private bool _isParked;
    private bool _hasEnded;
    private volatile bool _parkRequested;

    private volatile bool _stopping;
    private volatile bool _resetRequested;

    private bool _transmitHasWork = true;
    private bool _listening;
    private long _listenAgainAt = long.MinValue;
    private bool _eventOwed;
    private ushort? _publishedBeforeReset;

    /// <param name="activation">Queues 0 and 1 are there.</param>
    /// <param name="listener">A non-blocking listening Unix socket, or -1. Stays the caller's.</param>
    /// <param name="createMuxer">Makes the muxer, on the new thread.</param>
    /// <param name="counters">The device's counters.</param>
    internal VsockWorker(VirtioActivation activation, int listener, Func<Epoll, VsockMuxer> createMuxer, VsockCounters counters)
    {
        _activation = activation;
        _receive = activation.Queues[ReceiveQueue]!;
        _transmit = activation.Queues[TransmitQueue]!;
        _events = activation.Queues[EventQueue];
        _listener = listener;
        _createMuxer = createMuxer;
        _counters = counters;
        _thread = new MachineThread("vsock", Run);
        _thread.Start();
    }

    /// <summary>Ends the thread and all connections, and returns when that is done.</summary>
    public void Dispose()
    {
        _stopping = true;
        Unpark();
        _wake.Signal();
        _thread.Join();
        _wake.Dispose();
    }

    /// <summary>Stops the thread between two turns, and returns when it stands.</summary>
    internal void Park()
    {
        lock (_parking)
        {
            _parkRequested = true;
            _wake.Signal();
            while (!_isParked && !_hasEnded)
                Monitor.Wait(_parking);
        }
    }

    /// <summary>Lets the thread go on.</summary>
    internal void Unpark()
    {
        lock (_parking)
        {
            _parkRequested = false;
            Monitor.PulseAll(_parking);
        }
    }

    /// <summary>Has all connections dropped and the guest told. Any thread may ask.</summary>
    internal void RequestTransportReset()
    {
        _resetRequested = true;
        _wake.Signal();
    }

    private void Run()
    {
        try
        {
            using var epoll = new Epoll();
            using VsockMuxer muxer = _createMuxer(epoll);
            WatchQueues(epoll);
            Work(epoll, muxer);
        }
        catch (Exception e)
        {
            _activation.Transport.SetNeedsReset($"vsock: {e.Message}");
        }
        finally
        {
            lock (_parking)
            {
                _hasEnded = true;
                Monitor.PulseAll(_parking);
            }
        }
    }

    private void WaitWhileParked()
    {
        lock (_parking)
        {
            _isParked = true;
            Monitor.PulseAll(_parking);
            while (_parkRequested)
                Monitor.Wait(_parking);
            _isParked = false;
        }
    }

    private void WatchQueues(Epoll epoll)
    {
        // Edge-triggered, so that doorbells need no reading: each ring is an edge.
        const uint rings = Uapi.EPOLLIN | Uapi.EPOLLET;
        bool watched = epoll.TryAdd(_wake.Number, rings, WakeToken);
        for (int queue = 0; queue <= EventQueue; queue++)
            watched &= epoll.TryAdd(_activation.Notifiers[queue].Number, rings, QueueToken + (ulong)queue);
        if (!watched)
            throw new LinuxException("epoll_ctl", "the queues of a vsock device", SocketCalls.Errno);
    }

    private void Work(Epoll epoll, VsockMuxer muxer)
    {
        Span<epoll_event> events = stackalloc epoll_event[EventsPerTurn];
        bool more = true;
        _receive.DisableNotifications();
        while (!_stopping)
        {
            long now = Environment.TickCount64;
            UpdateListening(epoll, muxer, now);
            int count = epoll.Wait(events, more ? 0 : Timeout(muxer, now));
            if (_parkRequested)
                WaitWhileParked();
            if (_stopping)
                return;

            foreach (ref readonly epoll_event happened in events[..count])
                Dispatch(epoll, muxer, happened);
            if (_resetRequested)
                ResetTransport(muxer);
            muxer.Expire(Environment.TickCount64);
            more = Transmit(muxer);
            if (_eventOwed)
                SendEvent();
            if (!IsResetUnderWay)
                more |= Receive(muxer);
            if (_transmit.IsBroken || _receive.IsBroken || _events is { IsBroken: true })
                return;
        }
    }

    private void Dispatch(Epoll epoll, VsockMuxer muxer, in epoll_event happened)
    {
        switch (happened.data)
        {
            case QueueToken + TransmitQueue:
                _activation.Counters.CountNotification();
                _transmitHasWork = true;
                break;
            case QueueToken + ReceiveQueue or QueueToken + EventQueue:
                _activation.Counters.CountNotification();
                break;
            case WakeToken:
                break; // To have woken up is enough.
            case ListenToken:
                Accept(epoll, muxer);
                break;
            default:
                muxer.OnHostEvent(happened.data, happened.events);
                break;
        }
    }

    /// <summary>Takes packets of the guest.</summary>
    /// <returns>Whether there are more that can be taken at once.</returns>
    private bool Transmit(VsockMuxer muxer)
    {
        if (!_transmitHasWork)
            return false;

        _transmit.DisableNotifications();
        for (int budget = PacketsPerTurn; budget > 0 && muxer.CanConsume; budget--)
        {
            if (!_transmit.TryPop(out DescriptorChain chain))
            {
                if (!_transmit.EnableNotifications())
                {
                    _transmitHasWork = false;
                    break;
                }

                continue;
            }

            if (!chain.TryRead(0, out VsockHeader header))
                _counters.Malformed++;
            else if (header.Length > chain.ReadableLength - VsockHeader.ByteSize)
                muxer.ConsumeTruncated(header);
            else
                muxer.Consume(header, chain);
            _transmit.AddUsed(chain.Head, 0);
        }

        _transmit.NotifyUsed();
        return _transmitHasWork && muxer.CanConsume;
    }

    /// <summary>Gives packets to the guest.</summary>
    /// <returns>Whether there are more, and buffers for them.</returns>
    private bool Receive(VsockMuxer muxer)
    {
        bool couldConsume = muxer.CanConsume;
        bool more = true;
        bool used = false;
        for (int budget = PacketsPerTurn; budget > 0; budget--)
        {
            if (!muxer.HasOutput)
            {
                more = false;
                break;
            }

            if (!_receive.TryPop(out DescriptorChain chain))
            {
                if (_receive.EnableNotifications())
                    continue;
                more = false;
                break;
            }

            _receive.DisableNotifications();
            uint written = 0;
            if (chain.WritableLength < VsockHeader.ByteSize)
            {
                _counters.Malformed++;
            }
            else if (!muxer.TryProduce(chain, out written) && !muxer.HasOutput)
            {
                _receive.UndoPop();
                more = false;
                break;
            }

            _receive.AddUsed(chain.Head, written);
            used = true;
        }

        if (used)
            _receive.NotifyUsed();
        return more || (!couldConsume && muxer.CanConsume);
    }

    private void Accept(Epoll epoll, VsockMuxer muxer)
    {
        for (int budget = AcceptsPerTurn; budget > 0 && muxer.CanAccept; budget--)
        {
            HostSocket host = HostSocket.Accept(_listener, out int errno);
            if (host.IsOpen)
            {
                // One that came after the request is not to be dropped with those of before.
                if (_resetRequested)
                    ResetTransport(muxer);
                muxer.Accept(host);
                continue;
            }

            if (errno is Uapi.EINTR or Uapi.ECONNABORTED)
                continue;
            if (errno != Uapi.EAGAIN)
            {
                // No descriptors or no memory: the listener stays readable, so look away for a while.
                StopListening(epoll);
                _listenAgainAt = Environment.TickCount64 + AcceptPause;
            }

            return;
        }
    }

    private void UpdateListening(Epoll epoll, VsockMuxer muxer, long now)
    {
        if (_listener < 0)
            return;
        if (!muxer.CanAccept || IsResetUnderWay)
            StopListening(epoll);
        else if (!_listening && now >= _listenAgainAt)
            _listening = epoll.TryAdd(_listener, Uapi.EPOLLIN, ListenToken);
    }

    private void StopListening(Epoll epoll)
    {
        if (_listening)
            epoll.Remove(_listener);
        _listening = false;
    }

    private int Timeout(VsockMuxer muxer, long now)
    {
        long next = muxer.NextDeadline;
        if (_listener >= 0 && !_listening && muxer.CanAccept)
            next = Math.Min(next, Math.Max(_listenAgainAt, now + AcceptPause));
        return next == long.MaxValue ? -1 : (int)Math.Clamp(next - now, 0, int.MaxValue);
    }

    // A connection that reached the guest before it has dropped the old ones would be dropped with them. Having done
    // that, the guest gives the event's buffer back.
    private bool IsResetUnderWay
    {
        get
        {
            if (_publishedBeforeReset is ushort before && _events!.Published != before)
                _publishedBeforeReset = null;
            return _eventOwed || _publishedBeforeReset is not null;
        }
    }

    private void ResetTransport(VsockMuxer muxer)
    {
        _resetRequested = false;
        muxer.DropAll();
        _eventOwed = true;
    }

    private void SendEvent()
    {
        if (_events is null)
            return;
        if (!_events.TryPop(out DescriptorChain chain))
        {
            if (!_events.EnableNotifications() || !_events.TryPop(out chain))
                return;
        }

        bool sent = chain.TryWrite(0, (uint)Uapi.VIRTIO_VSOCK_EVENT_TRANSPORT_RESET);
        _eventOwed = !sent;
        _events.NotifyOfNext();
        _publishedBeforeReset = sent ? _events.Published : null;
        _events.AddUsed(chain.Head, sent ? sizeof(uint) : 0u);
        _events.NotifyUsed();
    }
}
