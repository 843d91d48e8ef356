using System.Diagnostics.CodeAnalysis;

namespace Pyro.Vmm.Virtio.Vsock;

/// <summary>All connections: by slot, and by port pair as far as the guest knows them.</summary>
internal sealed class ConnectionTable(VsockOptions options) : IDisposable
{
    private const uint FirstHostPort = 1u << 30;

    private readonly RingMemory _buffers = new((uint)options.BufferBytes);
    private readonly RingMemory _smallBuffers = new((uint)options.SmallBufferBytes);
    private readonly List<VsockConnection> _slots = [];
    private readonly Stack<VsockConnection> _free = new();
    private readonly Dictionary<ulong, VsockConnection> _byPorts = [];
    private uint _nextHostPort;

    /// <summary>Connections in use.</summary>
    internal int Count => _slots.Count - _free.Count;

    /// <summary>Slots that were ever in use.</summary>
    internal int SlotCount => _slots.Count;

    internal VsockConnection this[int slot] => _slots[slot];

    internal VsockConnection Take(VsockState state, HostSocket host)
    {
        RingMemory memory = Count < options.ManyConnections ? _buffers : _smallBuffers;
        if (!_free.TryPop(out VsockConnection? connection))
        {
            connection = new VsockConnection(_slots.Count);
            _slots.Add(connection);
        }

        connection.Begin(state, host);
        connection.FromGuest = new ReceiveCredit(memory.BlockBytes);
        connection.Ring = new ByteRing(memory);
        return connection;
    }

    /// <summary>Closes what is open and makes the slot free.</summary>
    internal void Release(VsockConnection connection)
    {
        Unname(connection);
        connection.CloseHost();
        connection.State = VsockState.Free;
        connection.Pending = VsockPending.None;
        connection.Deadline = long.MaxValue;
        connection.RetryAt = long.MaxValue;
        _free.Push(connection);
    }

    /// <summary>Makes a connection known by its ports.</summary>
    internal void Name(VsockConnection connection, uint guestPort, uint hostPort)
    {
        connection.GuestPort = guestPort;
        connection.HostPort = hostPort;
        _byPorts.Add(connection.Key, connection);
    }

    /// <summary>Makes its ports free for another connection.</summary>
    internal void Unname(VsockConnection connection)
    {
        if (_byPorts.TryGetValue(connection.Key, out VsockConnection? named) && named == connection)
            _byPorts.Remove(connection.Key);
    }

    internal bool TryFind(uint guestPort, uint hostPort, [NotNullWhen(true)] out VsockConnection? connection) =>
        _byPorts.TryGetValue(VsockConnection.KeyOf(guestPort, hostPort), out connection);

    /// <summary>The connection an epoll event is for, unless its descriptor has been closed since.</summary>
    internal bool TryFind(ulong token, [NotNullWhen(true)] out VsockConnection? connection)
    {
        uint slot = (uint)token;
        connection = slot < (uint)_slots.Count ? _slots[(int)slot] : null;
        return connection is not null && connection.Token == token && connection.State != VsockState.Free;
    }

    /// <summary>A port of the host's for a connection that a host program opens: from 2^30 on, none that is in use with that port of the guest.</summary>
    internal uint NewHostPort(uint guestPort)
    {
        uint port;
        do
            port = FirstHostPort + (_nextHostPort++ % FirstHostPort);
        while (_byPorts.ContainsKey(VsockConnection.KeyOf(guestPort, port)));
        return port;
    }

    public void Dispose()
    {
        foreach (VsockConnection connection in _slots)
            connection.CloseHost();
        _buffers.Dispose();
        _smallBuffers.Dispose();
    }
}
