using Pyro.Kvm.Native;
using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Virtio.Vsock;

/// <summary>
/// All streams of a vsock device: takes the guest's packets, makes those for it, and moves the bytes between them and
/// the host programs' sockets (virtio 1.2, 5.10.6).
/// </summary>
/// <remarks>
/// Used by the device's thread alone, never blocks, and allocates only where there are more connections than ever before.
/// Bytes go from a socket into the guest's buffer and from the guest's buffer into a socket; they are copied to memory
/// of this process only while a host program does not read.
/// </remarks>
internal sealed class VsockMuxer : IDisposable
{
    /// <summary>Bytes of data in a packet to the guest at most: as much as Linux takes from a packet of its own.</summary>
    private const uint MaxData = 64 << 10;

    private const int RetryInterval = 10;
    private const uint WatchedEvents = Uapi.EPOLLIN | Uapi.EPOLLRDHUP | Uapi.EPOLLET;

    private readonly ulong _guestCid;
    private readonly HostAddress? _hostAddress;
    private readonly VsockOptions _options;
    private readonly Epoll _epoll;
    private readonly VsockCounters _counters;
    private readonly ConnectionTable _table;
    private readonly ReadyList _ready = new();
    private readonly ResetQueue _resets = new();
    private int _greetings;

    internal VsockMuxer(ulong guestCid, HostAddress? hostAddress, VsockOptions options, Epoll epoll, VsockCounters counters)
    {
        _guestCid = guestCid;
        _hostAddress = hostAddress;
        _options = options;
        _epoll = epoll;
        _counters = counters;
        _table = new ConnectionTable(options);
    }

    /// <summary>Whether <see cref="TryProduce"/> probably has a packet.</summary>
    internal bool HasOutput => _resets.Count > 0 || _ready.Count > 0;

    /// <summary>Whether <see cref="Consume"/> may be called.</summary>
    internal bool CanConsume => _resets.HasRoom;

    /// <summary>Whether <see cref="Accept"/> may be called.</summary>
    internal bool CanAccept => _greetings < _options.MaxGreetings;

    /// <summary>When <see cref="Expire"/> is to be called, in <see cref="Environment.TickCount64"/>.</summary>
    internal long NextDeadline { get; private set; } = long.MaxValue;

    /// <summary>Takes a new host program, which has to say first what it wants.</summary>
    internal void Accept(HostSocket host)
    {
        VsockConnection connection = Take(VsockState.Greeting, host);
        _greetings++;
        SetDeadline(connection, _options.GreetingTimeout);
        if (!Watch(connection))
            Release(connection);
    }

    /// <summary>Something happened to a host program's socket.</summary>
    internal void OnHostEvent(ulong token, uint events)
    {
        if (!_table.TryFind(token, out VsockConnection? connection))
            return;

        const uint closing = Uapi.EPOLLRDHUP | Uapi.EPOLLHUP | Uapi.EPOLLERR;
        connection.HostReadable |= (events & (Uapi.EPOLLIN | closing)) != 0;
        connection.HostClosing |= (events & closing) != 0;
        connection.HostGone |= (events & Uapi.EPOLLHUP) != 0;

        switch (connection.State)
        {
            case VsockState.Greeting:
                ReadGreeting(connection);
                break;
            case VsockState.Requested when connection.HostGone:
                Reset(connection);
                break;
            case VsockState.Established:
                if (connection.HostGone)
                    OnHostGone(connection);
                else if ((events & Uapi.EPOLLOUT) != 0)
                    Flush(connection);
                break;
            case VsockState.Draining:
                if (connection.HostGone)
                    Release(connection);
                else
                    Flush(connection);
                break;
        }

        EnqueueIfReady(connection);
    }

    /// <summary>Takes a packet of the guest.</summary>
    /// <param name="header">A copy of its header.</param>
    /// <param name="chain">The buffer it is in. It holds as many bytes behind the header as the header says.</param>
    internal void Consume(in VsockHeader header, in DescriptorChain chain)
    {
        _counters.PacketsFromGuest++;
        if (header.SourceCid != _guestCid)
        {
            // An answer could only go to somebody else.
            _counters.Malformed++;
            return;
        }

        if (header.DestinationCid != Uapi.VMADDR_CID_HOST || header.Type != Uapi.VIRTIO_VSOCK_TYPE_STREAM)
        {
            _counters.Malformed++;
            AnswerWithReset(header);
            return;
        }

        if (!_table.TryFind(header.SourcePort, header.DestinationPort, out VsockConnection? connection))
        {
            if (header.Op == VsockOp.REQUEST)
                Open(header);
            else
                AnswerWithReset(header);
            return;
        }

        connection.ToGuest.Update(header);
        connection.CreditRequested &= connection.ToGuest.Available == 0;
        OnPacket(connection, header, chain);
        EnqueueIfReady(connection);
    }

    /// <summary>A packet of the guest whose buffer is too short for what its header says.</summary>
    internal void ConsumeTruncated(in VsockHeader header)
    {
        _counters.PacketsFromGuest++;
        _counters.Malformed++;
        if (header.SourceCid != _guestCid)
            return;
        if (header.DestinationCid == Uapi.VMADDR_CID_HOST
            && header.Type == Uapi.VIRTIO_VSOCK_TYPE_STREAM
            && _table.TryFind(header.SourcePort, header.DestinationPort, out VsockConnection? connection))
            Reset(connection);
        else
            AnswerWithReset(header);
    }

    /// <summary>Makes the next packet for the guest, each connection in its turn.</summary>
    /// <param name="chain">The guest's buffer, with room for a header at least.</param>
    /// <param name="written">Bytes of the packet.</param>
    /// <returns>False if there is nothing to say after all, or nothing that fits.</returns>
    internal bool TryProduce(in DescriptorChain chain, out uint written)
    {
        written = 0;
        if (_resets.Count > 0)
        {
            written = Write(chain, _resets.First);
            _resets.RemoveFirst();
            return true;
        }

        for (int turns = _ready.Count; turns > 0; turns--)
        {
            VsockConnection connection = _ready.TakeFirst()!;
            written = Produce(connection, chain);
            EnqueueIfReady(connection);
            if (written > 0)
                return true;
        }

        return false;
    }

    /// <summary>Ends what has lasted too long, and tries again what is to be tried again.</summary>
    internal void Expire(long now)
    {
        if (now < NextDeadline)
            return;
        NextDeadline = long.MaxValue;
        for (int slot = 0; slot < _table.SlotCount; slot++)
        {
            VsockConnection connection = _table[slot];
            if (now >= connection.Deadline)
                OnDeadline(connection);
            else if (connection.State == VsockState.Connecting && now >= connection.RetryAt)
                Connect(connection, now);
            EnqueueIfReady(connection);
            NextDeadline = Math.Min(NextDeadline, Math.Min(connection.Deadline, connection.RetryAt));
        }
    }

    /// <summary>Ends every connection without a word to the guest, which has forgotten them.</summary>
    internal void DropAll()
    {
        for (int slot = 0; slot < _table.SlotCount; slot++)
        {
            if (_table[slot].State != VsockState.Free)
                Release(_table[slot]);
        }

        while (_resets.Count > 0)
            _resets.RemoveFirst();
    }

    public void Dispose()
    {
        DropAll();
        _table.Dispose();
    }

    private void ReadGreeting(VsockConnection connection)
    {
        Span<byte> line = stackalloc byte[ConnectLine.MaxLength];
        int count = connection.Host.Peek(line);
        if (count == HostSocket.WouldBlock)
            return;

        // What follows the line stays in the socket until the guest has accepted.
        if (count <= 0
            || !ConnectLine.TryParse(line[..count], out uint port, out int length)
            || (length == 0 && connection.HostClosing)
            || (length > 0 && connection.Host.Take(line[..length]) != length))
        {
            _counters.Refused++;
            Release(connection);
            return;
        }

        if (length == 0)
            return;

        // Who has left already would not hear the answer, and nothing tells of it again.
        if (connection.HostGone || _table.Count - _greetings >= _options.MaxConnections)
        {
            _counters.Refused++;
            Release(connection);
            return;
        }

        _greetings--;
        connection.State = VsockState.Requested;
        connection.Pending = VsockPending.Request;
        _table.Name(connection, port, _table.NewHostPort(port));
        SetDeadline(connection, _options.RequestTimeout);
    }

    private void Open(in VsockHeader header)
    {
        HostSocket host = _hostAddress is not null && _table.Count - _greetings < _options.MaxConnections ? HostSocket.Create() : default;
        if (!host.IsOpen)
        {
            _counters.Refused++;
            AnswerWithReset(header);
            return;
        }

        VsockConnection connection = Take(VsockState.Connecting, host);
        _table.Name(connection, header.SourcePort, header.DestinationPort);
        connection.ToGuest.Update(header);
        SetDeadline(connection, _options.ConnectTimeout);
        Connect(connection, Environment.TickCount64);
        EnqueueIfReady(connection);
    }

    private void Connect(VsockConnection connection, long now)
    {
        int result = connection.Host.Connect(_hostAddress!.OfPort(connection.HostPort));
        if (result == HostSocket.WouldBlock)
        {
            connection.RetryAt = now + RetryInterval;
            NextDeadline = Math.Min(NextDeadline, connection.RetryAt);
            return;
        }

        connection.RetryAt = long.MaxValue;
        connection.Deadline = long.MaxValue;
        if (result != 0 || !Watch(connection))
        {
            _counters.Refused++;
            Reset(connection);
            return;
        }

        connection.State = VsockState.Established;
        connection.Pending = VsockPending.Response;
        _counters.FromGuest++;
    }

    private void OnPacket(VsockConnection connection, in VsockHeader header, in DescriptorChain chain)
    {
        if (header.Op == VsockOp.RST)
        {
            OnGuestReset(connection);
            return;
        }

        // The guest does not know yet that this is over.
        if (connection.State == VsockState.Resetting)
            return;

        switch (header.Op)
        {
            // Both sides close at the same time: this is the guest's last word too.
            case VsockOp.SHUTDOWN when connection.State == VsockState.Closing:
                connection.GuestShutdown |= (VsockShutdown)header.Flags & VsockShutdown.Both;
                if (connection.GuestShutdown == VsockShutdown.Both)
                {
                    AnswerWithReset(header);
                    Release(connection);
                }

                break;
            case VsockOp.RW or VsockOp.CREDIT_UPDATE or VsockOp.CREDIT_REQUEST when connection.State == VsockState.Closing:
                break;

            case VsockOp.RESPONSE when connection.State == VsockState.Requested && (connection.Pending & VsockPending.Request) == 0:
                OnAccepted(connection);
                break;
            case VsockOp.RW when connection.State == VsockState.Established && (connection.GuestShutdown & VsockShutdown.SEND) == 0:
                OnData(connection, header, chain);
                break;
            case VsockOp.SHUTDOWN when connection.State == VsockState.Established:
                OnGuestShutdown(connection, header);
                break;
            case VsockOp.CREDIT_UPDATE when connection.State == VsockState.Established:
                break;
            case VsockOp.CREDIT_REQUEST when connection.State == VsockState.Established:
                connection.Pending |= VsockPending.CreditUpdate;
                break;
            default:
                Reset(connection);
                break;
        }
    }

    private void OnAccepted(VsockConnection connection)
    {
        if (!connection.Host.TryGreet(connection.HostPort))
        {
            Reset(connection);
            return;
        }

        connection.State = VsockState.Established;
        connection.Deadline = long.MaxValue;
        _counters.FromHost++;
    }

    private void OnData(VsockConnection connection, in VsockHeader header, in DescriptorChain chain)
    {
        uint length = header.Length;
        if (!connection.FromGuest.TryTake(length))
        {
            Reset(connection);
            return;
        }

        _counters.BytesFromGuest += length;
        if (length == 0)
            return;

        uint written = 0;
        if (connection.Ring.Count == 0 && !connection.HostDeaf)
        {
            int result = connection.Host.Write(chain.SliceReadable(VsockHeader.ByteSize, length));
            if (result == HostSocket.Broken)
                OnHostDeaf(connection);
            else if (result > 0)
                written = (uint)result;
        }

        if (connection.HostDeaf)
        {
            connection.FromGuest.ForwardAll();
        }
        else
        {
            connection.FromGuest.Forward(written);
            if (written < length)
            {
                connection.Ring.Append(chain.SliceReadable(VsockHeader.ByteSize + written, length - written));
                WatchWritable(connection, true);
            }
        }

        RequestCreditUpdateIfDue(connection);
    }

    private void OnGuestShutdown(VsockConnection connection, in VsockHeader header)
    {
        VsockShutdown before = connection.GuestShutdown;
        VsockShutdown now = before | ((VsockShutdown)header.Flags & VsockShutdown.Both);
        connection.GuestShutdown = now;
        if (now == VsockShutdown.Both)
        {
            // All the guest sent is here, so it need not wait for the host program to read it.
            AnswerWithReset(header);
            Leave(connection);
            return;
        }

        if (now == before)
            return;
        if (now == VsockShutdown.RECEIVE)
            connection.Host.ShutdownReading();
        else if (connection.Ring.Count == 0)
            connection.Host.ShutdownWriting();
        if (connection.HostGone)
            OnHostGone(connection);
    }

    private void OnGuestReset(VsockConnection connection)
    {
        bool closed = connection.State == VsockState.Closing;
        bool refused = connection.State == VsockState.Requested;
        if (refused)
            _counters.Refused++;
        else if (!closed)
            _counters.Resets++;

        // A guest that had said all it wanted to say may reset because the host program took too long to read it.
        if ((connection.GuestShutdown & VsockShutdown.SEND) != 0 && connection.State == VsockState.Established)
            Leave(connection);
        else
            Release(connection);
    }

    /// <summary>The guest is gone: what it sent still goes to the host program.</summary>
    private void Leave(VsockConnection connection)
    {
        if (connection.Ring.Count == 0 || connection.HostGone)
        {
            Release(connection);
            return;
        }

        _table.Unname(connection);
        connection.State = VsockState.Draining;
        connection.Pending = VsockPending.None;
        connection.Host.ShutdownReading();
    }

    private void Flush(VsockConnection connection)
    {
        Span<IoVector> pieces = stackalloc IoVector[2];
        while (connection.Ring.Count > 0)
        {
            int result = connection.Host.Write(pieces[..connection.Ring.Pieces(pieces)]);
            if (result == HostSocket.Broken)
            {
                OnHostDeaf(connection);
                return;
            }

            if (result <= 0)
                break;
            connection.Ring.Consume((uint)result);
            connection.FromGuest.Forward((uint)result);
        }

        if (connection.Ring.Count == 0)
        {
            if (connection.State == VsockState.Draining)
            {
                Release(connection);
                return;
            }

            WatchWritable(connection, false);
            if ((connection.GuestShutdown & VsockShutdown.SEND) != 0)
                connection.Host.ShutdownWriting();
        }

        RequestCreditUpdateIfDue(connection);
    }

    /// <summary>The host program reads no more; perhaps it still writes.</summary>
    private void OnHostDeaf(VsockConnection connection)
    {
        if (connection.State == VsockState.Draining)
        {
            Release(connection);
            return;
        }

        connection.HostDeaf = true;
        connection.Ring.Clear();
        connection.FromGuest.ForwardAll();
        TellShutdown(connection, VsockShutdown.RECEIVE);
    }

    /// <summary>The host program has closed. What it wrote last may still have to be read.</summary>
    private void OnHostGone(VsockConnection connection)
    {
        OnHostDeaf(connection);
        if (connection.HostEnded || (connection.GuestShutdown & VsockShutdown.RECEIVE) != 0)
            TellShutdown(connection, VsockShutdown.Both);
    }

    private static void TellShutdown(VsockConnection connection, VsockShutdown flags)
    {
        if ((connection.HostShutdown & flags) == flags)
            return;
        connection.HostShutdown |= flags;
        connection.Pending |= VsockPending.Shutdown;
    }

    private static void RequestCreditUpdateIfDue(VsockConnection connection)
    {
        if (connection.State == VsockState.Established && connection.FromGuest.UpdateIsDue)
            connection.Pending |= VsockPending.CreditUpdate;
    }

    private uint Produce(VsockConnection connection, in DescriptorChain chain)
    {
        if ((connection.Pending & VsockPending.First) == 0 && connection.CanRead)
        {
            uint packet = ProduceData(connection, chain);
            if (packet > 0)
                return packet;
        }

        int pending = (int)connection.Pending;
        var next = (VsockPending)(pending & -pending);
        connection.Pending &= ~next;
        switch (next)
        {
            case VsockPending.Request:
                return Write(chain, connection, VsockOp.REQUEST);
            case VsockPending.Response:
                return Write(chain, connection, VsockOp.RESPONSE);
            case VsockPending.CreditUpdate:
                return Write(chain, connection, VsockOp.CREDIT_UPDATE);
            case VsockPending.CreditRequest:
                return Write(chain, connection, VsockOp.CREDIT_REQUEST);
            case VsockPending.Shutdown:
                uint shutdown = Write(chain, connection, VsockOp.SHUTDOWN, flags: (uint)connection.HostShutdown);
                if (connection.HostShutdown == VsockShutdown.Both)
                    Close(connection);
                return shutdown;
            case VsockPending.Reset:
                uint reset = Write(chain, connection, VsockOp.RST);
                Release(connection);
                return reset;
            default:
                return 0;
        }
    }

    private uint ProduceData(VsockConnection connection, in DescriptorChain chain)
    {
        uint room = Math.Min(Math.Min(chain.WritableLength - VsockHeader.ByteSize, connection.ToGuest.Available), MaxData);
        if (room == 0)
            return 0;

        int count = connection.Host.Read(chain.SliceWritable(VsockHeader.ByteSize, room));
        switch (count)
        {
            case HostSocket.WouldBlock:
                connection.HostReadable = false;
                return 0;
            case HostSocket.Broken:
                Reset(connection);
                return 0;
            case 0:
                connection.HostEnded = true;
                TellShutdown(connection, connection.HostGone ? VsockShutdown.Both : VsockShutdown.SEND);
                return 0;
        }

        // Less than asked for: the socket is empty, and tells when it is not. Only the end comes without telling again.
        if (count < room && !connection.HostClosing)
            connection.HostReadable = false;
        connection.ToGuest.Sent((uint)count);
        _counters.BytesToGuest += count;
        connection.Pending &= ~VsockPending.CreditUpdate;
        return Write(chain, connection, VsockOp.RW, length: (uint)count);
    }

    /// <summary>The guest has been told that nothing comes or goes any more, and has to confirm.</summary>
    private void Close(VsockConnection connection)
    {
        connection.CloseHost();
        connection.State = VsockState.Closing;
        connection.Pending = VsockPending.None;
        SetDeadline(connection, _options.CloseTimeout);
    }

    /// <summary>Ends a connection for the host program at once, and for the guest as soon as it can be told.</summary>
    private void Reset(VsockConnection connection)
    {
        // A guest that has not seen the request need not hear that it is withdrawn.
        bool unheard = connection.State == VsockState.Requested && (connection.Pending & VsockPending.Request) != 0;
        if (connection.State == VsockState.Established)
            _counters.Resets++;
        else if (connection.State == VsockState.Requested)
            _counters.Refused++;
        if (unheard)
        {
            Release(connection);
            return;
        }

        connection.CloseHost();
        connection.State = VsockState.Resetting;
        connection.Pending = VsockPending.Reset;
        connection.Deadline = long.MaxValue;
        connection.RetryAt = long.MaxValue;
        _ready.Add(connection);
    }

    private void OnDeadline(VsockConnection connection)
    {
        if (connection.State == VsockState.Greeting)
        {
            _counters.Refused++;
            Release(connection);
            return;
        }

        if (connection.State == VsockState.Connecting)
            _counters.Refused++;
        Reset(connection);
    }

    private VsockConnection Take(VsockState state, HostSocket host)
    {
        _counters.Connections++;
        return _table.Take(state, host);
    }

    private void Release(VsockConnection connection)
    {
        if (connection.State == VsockState.Greeting)
            _greetings--;
        _counters.Connections--;
        _table.Release(connection);
    }

    private bool Watch(VsockConnection connection) =>
        _epoll.TryAdd(connection.Host.Descriptor, WatchedEvents, connection.Token);

    private void WatchWritable(VsockConnection connection, bool on)
    {
        if (connection.WatchingWritable == on)
            return;
        connection.WatchingWritable = on;
        _epoll.Modify(connection.Host.Descriptor, on ? WatchedEvents | Uapi.EPOLLOUT : WatchedEvents, connection.Token);
    }

    private void SetDeadline(VsockConnection connection, int timeout)
    {
        connection.Deadline = Environment.TickCount64 + timeout;
        NextDeadline = Math.Min(NextDeadline, connection.Deadline);
    }

    private void EnqueueIfReady(VsockConnection connection)
    {
        if (connection.WantsToRead && connection.ToGuest.Available == 0 && !connection.CreditRequested)
        {
            connection.CreditRequested = true;
            connection.Pending |= VsockPending.CreditRequest;
        }

        if (connection.Pending != VsockPending.None || connection.CanRead)
            _ready.Add(connection);
    }

    private void AnswerWithReset(in VsockHeader header)
    {
        if (header.Op == VsockOp.RST)
            return;
        _resets.Add(new VsockHeader
        {
            SourceCid = header.DestinationCid,
            DestinationCid = header.SourceCid,
            SourcePort = header.DestinationPort,
            DestinationPort = header.SourcePort,
            Type = header.Type,
            Op = VsockOp.RST,
        });
    }

    private uint Write(in DescriptorChain chain, VsockConnection connection, VsockOp op, uint length = 0, uint flags = 0)
    {
        VsockHeader header = new()
        {
            SourceCid = Uapi.VMADDR_CID_HOST,
            DestinationCid = _guestCid,
            SourcePort = connection.HostPort,
            DestinationPort = connection.GuestPort,
            Length = length,
            Type = Uapi.VIRTIO_VSOCK_TYPE_STREAM,
            Op = op,
            Flags = flags,
        };
        connection.FromGuest.Stamp(ref header);
        return Write(chain, header) + length;
    }

    private uint Write(in DescriptorChain chain, in VsockHeader header)
    {
        chain.TryWrite(0, header);
        _counters.PacketsToGuest++;
        return VsockHeader.ByteSize;
    }
}
