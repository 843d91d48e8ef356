using Pyro.Vmm.Virtio.Vsock;

namespace Pyro.Vmm.Tests.Virtio.Vsock;

/// <summary>A connected stream socket in the mock guest.</summary>
internal sealed class GuestSocket(GuestVsock guest, uint port, uint hostPort)
{
    internal const int Timeout = 20_000;

    private readonly Queue<byte[]> _received = new();
    private readonly object _changed = new();
    private int _firstOffset;
    private uint _held;
    private uint _forwarded;
    private uint _peerBufAlloc;
    private uint _peerForwarded;
    private uint _sent;

    internal ulong Key { get; } = KeyOf(port, hostPort);

    internal uint Port => port;

    internal uint HostPort => hostPort;

    /// <summary>Bytes this socket takes before it is read: what the device is told.</summary>
    internal uint BufAlloc { get; set; } = 256 << 10;

    internal bool Connected { get; private set; }

    internal bool WasReset { get; private set; }

    internal VsockShutdown PeerShutdown { get; private set; }

    internal int CreditRequests { get; private set; }

    internal int CreditUpdates { get; private set; }

    internal uint PeerRoom => unchecked(_peerBufAlloc - (_sent - _peerForwarded));

    internal static ulong KeyOf(uint port, uint hostPort) => ((ulong)port << 32) | hostPort;

    internal bool WaitForAnswer()
    {
        Wait(() => Connected || WasReset);
        return Connected;
    }

    /// <summary>Sends all of it, as the device has room.</summary>
    /// <returns>False if the connection was reset or the host reads no more.</returns>
    internal bool SendAll(ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            Wait(() => WasReset || (PeerShutdown & VsockShutdown.RECEIVE) != 0 || PeerRoom > 0);
            lock (guest.Sync)
            {
                if (WasReset || (PeerShutdown & VsockShutdown.RECEIVE) != 0)
                    return false;
                int count = (int)Math.Min(Math.Min(PeerRoom, GuestVsock.MaxPayload), (uint)data.Length);
                if (count == 0)
                    continue;
                Send(VsockOp.RW, data[..count]);
                data = data[count..];
            }
        }

        return true;
    }

    /// <summary>Reads what is there, waiting for the first byte.</summary>
    /// <returns>0 at the end of the stream.</returns>
    internal int Receive(Span<byte> into)
    {
        Wait(() => _held > 0 || WasReset || (PeerShutdown & VsockShutdown.SEND) != 0);
        lock (guest.Sync)
        {
            int count = 0;
            while (count < into.Length && _received.TryPeek(out byte[]? first))
            {
                int part = Math.Min(first.Length - _firstOffset, into.Length - count);
                first.AsSpan(_firstOffset, part).CopyTo(into[count..]);
                count += part;
                _firstOffset += part;
                if (_firstOffset == first.Length)
                {
                    _received.Dequeue();
                    _firstOffset = 0;
                }
            }

            _held -= (uint)count;
            bool wasLow = BufAlloc - _held - (uint)count < GuestVsock.MaxPayload;
            _forwarded = unchecked(_forwarded + (uint)count);
            if (wasLow && !WasReset && count > 0)
                Send(VsockOp.CREDIT_UPDATE);
            return count;
        }
    }

    internal byte[] ReceiveExactly(int count)
    {
        byte[] data = new byte[count];
        for (int done = 0; done < count;)
        {
            int part = Receive(data.AsSpan(done));
            Assert.True(part > 0, $"the stream ended after {done} of {count} bytes");
            done += part;
        }

        return data;
    }

    internal void Shutdown(VsockShutdown flags)
    {
        lock (guest.Sync)
            Send(VsockOp.SHUTDOWN, default, (uint)flags);
    }

    /// <summary>Closes, and waits for the device to confirm.</summary>
    internal void Close()
    {
        Shutdown(VsockShutdown.Both);
        Wait(() => WasReset);
    }

    internal void Reset()
    {
        lock (guest.Sync)
        {
            Send(VsockOp.RST);
            guest.Forget(this);
            WasReset = true;
        }
    }

    internal void Send(VsockOp op, ReadOnlySpan<byte> payload = default, uint flags = 0)
    {
        guest.Transmit(Header(op, (uint)payload.Length, flags), payload);
        _sent = unchecked(_sent + (uint)payload.Length);
    }

    internal VsockHeader Header(VsockOp op, uint length, uint flags = 0) => new()
    {
        SourceCid = GuestVsock.Cid,
        DestinationCid = 2,
        SourcePort = port,
        DestinationPort = hostPort,
        Length = length,
        Type = 1,
        Op = op,
        Flags = flags,
        BufAlloc = BufAlloc,
        FwdCnt = _forwarded,
    };

    /// <summary>A packet of the device. Called with the guest's lock held.</summary>
    internal void OnPacket(in VsockHeader header, ReadOnlySpan<byte> payload)
    {
        _peerBufAlloc = header.BufAlloc;
        _peerForwarded = header.FwdCnt;
        switch (header.Op)
        {
            case VsockOp.REQUEST or VsockOp.RESPONSE:
                if (Connected)
                    guest.Violate("a second answer");
                Connected = true;
                break;
            case VsockOp.RW:
                if (payload.IsEmpty || payload.Length > BufAlloc - _held)
                    guest.Violate($"{payload.Length} bytes where there is room for {BufAlloc - _held}");
                if ((PeerShutdown & VsockShutdown.SEND) != 0)
                    guest.Violate("data after the end of the stream");
                _received.Enqueue(payload.ToArray());
                _held += (uint)payload.Length;
                break;
            case VsockOp.SHUTDOWN:
                PeerShutdown |= (VsockShutdown)header.Flags;
                if (PeerShutdown == VsockShutdown.Both)
                {
                    // Linux answers as soon as everything is read; there is nothing more to come either way.
                    Send(VsockOp.RST);
                    guest.Forget(this);
                }

                break;
            case VsockOp.CREDIT_REQUEST:
                CreditRequests++;
                Send(VsockOp.CREDIT_UPDATE);
                break;
            case VsockOp.CREDIT_UPDATE:
                CreditUpdates++;
                break;
            case VsockOp.RST:
                WasReset = true;
                guest.Forget(this);
                break;
            default:
                guest.Violate($"a packet of operation {header.Op}");
                break;
        }

        lock (_changed)
            Monitor.PulseAll(_changed);
    }

    internal void Wait(Func<bool> condition)
    {
        long end = Environment.TickCount64 + Timeout;
        while (true)
        {
            lock (_changed)
            {
                if (condition())
                    return;
                Assert.True(Environment.TickCount64 < end, $"nothing happened within {Timeout} ms, reset {WasReset}, shutdown {PeerShutdown}, violation {guest.Violation}, {guest.NeedsReset}");
                Monitor.Wait(_changed, 50);
            }
        }
    }
}
