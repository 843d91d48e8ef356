namespace Pyro.Vmm.Virtio.Vsock;

/// <summary>One stream between a port of the guest and a host program. Used again and again for different streams.</summary>
/// <param name="slot">Its number.</param>
internal sealed class VsockConnection(int slot)
{
    private uint _generation;

    internal VsockState State;
    internal uint GuestPort;
    internal uint HostPort;

    internal HostSocket Host;
    internal bool HostReadable;

    /// <summary>The host program has shut down one direction or both, so the end of the stream may follow the last byte without another event.</summary>
    internal bool HostClosing;

    /// <summary>The host program can neither read nor write any more.</summary>
    internal bool HostGone;

    /// <summary>The end of the host program's stream was read.</summary>
    internal bool HostEnded;

    /// <summary>The host program takes no more bytes: those of the guest are thrown away.</summary>
    internal bool HostDeaf;

    internal bool WatchingWritable;

    internal SendCredit ToGuest;
    internal ReceiveCredit FromGuest;
    internal ByteRing Ring;
    internal bool CreditRequested;

    internal VsockPending Pending;

    /// <summary>What the guest said it will do no more.</summary>
    internal VsockShutdown GuestShutdown;

    /// <summary>What the guest was, or is to be, told that this side will do no more.</summary>
    internal VsockShutdown HostShutdown;

    /// <summary>When <see cref="State"/> has lasted too long, or <see cref="long.MaxValue"/>.</summary>
    internal long Deadline;

    /// <summary>When a <see cref="VsockState.Connecting"/> is to be tried again.</summary>
    internal long RetryAt;

    internal bool Queued;
    internal VsockConnection? NextReady;

    internal int Slot => slot;

    internal ulong Key => KeyOf(GuestPort, HostPort);

    /// <summary>Names this use of the object in epoll events: late events of an earlier use do not match.</summary>
    internal ulong Token => ((ulong)_generation << 32) | (uint)slot;

    /// <summary>Whether bytes of the host program can go to the guest now.</summary>
    internal bool CanRead => WantsToRead && ToGuest.Available > 0;

    /// <summary>Whether bytes of the host program are there for the guest.</summary>
    internal bool WantsToRead =>
        State == VsockState.Established && HostReadable && !HostEnded && (GuestShutdown & VsockShutdown.RECEIVE) == 0;

    internal static ulong KeyOf(uint guestPort, uint hostPort) => ((ulong)guestPort << 32) | hostPort;

    /// <summary>Begins a new stream.</summary>
    internal void Begin(VsockState state, HostSocket host)
    {
        // The list of ready connections may still hold this object; that is harmless, and known by Queued.
        State = state;
        Host = host;
        GuestPort = 0;
        HostPort = 0;
        HostReadable = false;
        HostClosing = false;
        HostGone = false;
        HostEnded = false;
        HostDeaf = false;
        WatchingWritable = false;
        ToGuest = default;
        CreditRequested = false;
        Pending = VsockPending.None;
        GuestShutdown = VsockShutdown.None;
        HostShutdown = VsockShutdown.None;
        Deadline = long.MaxValue;
        RetryAt = long.MaxValue;
    }

    /// <summary>Closes the host's end and gives the buffer back.</summary>
    internal void CloseHost()
    {
        Host.Close();
        Ring.Clear();
        // The descriptor's number may come again at once, with events of its own.
        _generation++;
    }
}
