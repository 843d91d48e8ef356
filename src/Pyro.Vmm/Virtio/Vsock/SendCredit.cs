namespace Pyro.Vmm.Virtio.Vsock;

/// <summary>How many bytes the guest still has room for on one connection (virtio 1.2, 5.10.6.3).</summary>
/// <remarks>All counters wrap at 32 bits. What the guest claims can be nonsense: then there is no room.</remarks>
internal struct SendCredit
{
    private uint _bufAlloc;
    private uint _fwdCnt;
    private uint _sent;

    /// <summary>Bytes that may be sent now.</summary>
    internal readonly uint Available
    {
        get
        {
            uint inFlight = unchecked(_sent - _fwdCnt);
            return inFlight < _bufAlloc ? _bufAlloc - inFlight : 0;
        }
    }

    /// <summary>Takes what every packet of the guest says.</summary>
    internal void Update(in VsockHeader header)
    {
        _bufAlloc = header.BufAlloc;
        _fwdCnt = header.FwdCnt;
    }

    internal void Sent(uint bytes) => _sent = unchecked(_sent + bytes);
}
