namespace Pyro.Vmm.Virtio.Vsock;

/// <summary>Connections with something for the guest, each at most once: whoever had its turn goes to the end.</summary>
internal sealed class ReadyList
{
    private VsockConnection? _first;
    private VsockConnection? _last;

    internal int Count { get; private set; }

    internal void Add(VsockConnection connection)
    {
        if (connection.Queued)
            return;
        connection.Queued = true;
        connection.NextReady = null;
        if (_last is null)
            _first = connection;
        else
            _last.NextReady = connection;
        _last = connection;
        Count++;
    }

    internal VsockConnection? TakeFirst()
    {
        VsockConnection? connection = _first;
        if (connection is null)
            return null;
        _first = connection.NextReady;
        if (_first is null)
            _last = null;
        connection.NextReady = null;
        connection.Queued = false;
        Count--;
        return connection;
    }
}
