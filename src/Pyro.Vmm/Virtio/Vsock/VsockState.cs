namespace Pyro.Vmm.Virtio.Vsock;

/// <summary>Where a connection stands.</summary>
internal enum VsockState
{
    /// <summary>Unused.</summary>
    Free,

    /// <summary>A host program is there, its CONNECT line is not. The guest knows nothing.</summary>
    Greeting,

    /// <summary>A host program wants a port of the guest; the guest has not answered.</summary>
    Requested,

    /// <summary>The guest wants a port of the host, whose listener has no room at the moment.</summary>
    Connecting,

    /// <summary>Bytes flow, in one direction at least.</summary>
    Established,

    /// <summary>The host program is gone and the guest was told so; it has to confirm.</summary>
    Closing,

    /// <summary>The host program is gone and the guest has to be told by RST.</summary>
    Resetting,

    /// <summary>The guest is gone, its last bytes still have to reach the host program.</summary>
    Draining,
}
