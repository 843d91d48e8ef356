namespace Pyro.Vmm.Virtio.Vsock;

/// <summary>Packets that a connection has to send to the guest, beside data.</summary>
[Flags]
internal enum VsockPending
{
    None = 0,
    Request = 1,
    Response = 2,
    Reset = 4,
    Shutdown = 8,
    CreditUpdate = 16,
    CreditRequest = 32,

    /// <summary>Those that come before any data.</summary>
    First = Request | Response | Reset,
}
