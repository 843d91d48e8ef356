namespace Pyro.Vmm.Virtio.Vsock;

/// <summary>How many bytes this side has room for on one connection, and what the guest was told of it.</summary>
internal struct ReceiveCredit(uint bufAlloc)
{
    private uint _received;
    private uint _forwarded;
    private uint _told;

    /// <summary>Bytes of the connection's buffer.</summary>
    internal uint BufAlloc { get; } = bufAlloc;

    /// <summary>Whether the guest, as far as it was told, has less than three quarters of the room.</summary>
    internal readonly bool UpdateIsDue => unchecked(_forwarded - _told) >= BufAlloc / 4;

    /// <summary>Counts bytes that came in.</summary>
    /// <returns>False if the guest sends more than it was given room for.</returns>
    internal bool TryTake(uint bytes)
    {
        uint held = unchecked(_received - _forwarded);
        if (bytes > BufAlloc - held)
            return false;
        _received = unchecked(_received + bytes);
        return true;
    }

    /// <summary>Counts bytes that went out to the host program: they take no room any more.</summary>
    internal void Forward(uint bytes) => _forwarded = unchecked(_forwarded + bytes);

    /// <summary>Counts all that came in as gone out.</summary>
    internal void ForwardAll() => _forwarded = _received;

    /// <summary>Tells the guest.</summary>
    internal void Stamp(ref VsockHeader header)
    {
        header.BufAlloc = BufAlloc;
        header.FwdCnt = _forwarded;
        _told = _forwarded;
    }
}
