using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Kvm.Native;

namespace Pyro.Vmm.Virtio.Vsock;

/// <summary>
/// A virtio socket device (virtio 1.2, 5.10) whose other side is a Unix socket, as Firecracker has it: streams between
/// ports of the guest and programs of the host.
/// </summary>
/// <remarks>
/// <para>A host program connects to the listening socket, sends <c>CONNECT port\n</c> and reads <c>OK port\n</c>; the
/// stream follows. If the guest refuses, the socket is closed without a word.</para>
/// <para>When the guest connects to port P of CID 2, the device connects to the Unix socket whose path is the base path
/// with <c>_P</c> behind it; if nobody listens there, the guest is refused.</para>
/// <para>Half-closed streams stay half-closed on the other side. Only streams are offered, no sequenced packets.</para>
/// </remarks>
public sealed class VirtioVsock : VirtioDevice, IDisposable
{
    /// <summary>The lowest CID a guest can have: those below belong to the hypervisor, loopback and host.</summary>
    public const ulong MinGuestCid = 3;

    private const ulong VIRTIO_VSOCK_F_STREAM = 1;

    private static readonly ushort[] QueueSizes = [128, 128, 8];

    private readonly byte[] _config = new byte[sizeof(ulong)];
    private readonly ulong _guestCid;
    private readonly SafeFileHandle? _listener;
    private readonly HostAddress? _hostAddress;
    private readonly VsockOptions _options;
    private readonly VsockCounters _counters = new();
    private readonly Lock _lifecycle = new();
    private VsockWorker? _worker;

    /// <summary>Makes the device; its thread starts when the guest's driver does.</summary>
    /// <param name="guestCid">The guest's context id, from <see cref="MinGuestCid"/> to 2^32 - 2.</param>
    /// <param name="listener">A listening Unix stream socket for host programs, owned by the device from here on and made non-blocking; null if there are none.</param>
    /// <param name="basePath">That socket's path, to find the sockets that the guest connects to; null if it is to find none.</param>
    /// <param name="options">Limits, or null for the usual ones.</param>
    /// <exception cref="ArgumentException">The CID is reserved, or the path too long for a Unix socket.</exception>
    /// <exception cref="LinuxException">The listener is no open descriptor.</exception>
    public VirtioVsock(ulong guestCid, SafeFileHandle? listener, string? basePath, VsockOptions? options = null)
    {
        if (guestCid is < MinGuestCid or >= uint.MaxValue)
            throw new ArgumentOutOfRangeException(nameof(guestCid), guestCid, $"a guest's CID is {MinGuestCid} to {uint.MaxValue - 1}");
        _guestCid = guestCid;
        _hostAddress = basePath is null ? null : new HostAddress(basePath);
        _options = options ?? new VsockOptions();
        _listener = listener;
        if (listener is not null)
            MakeNonBlocking(listener);
        BinaryPrimitives.WriteUInt64LittleEndian(_config, guestCid);
    }

    /// <inheritdoc/>
    public override uint DeviceId => Uapi.VIRTIO_ID_VSOCK;

    /// <inheritdoc/>
    public override string Name => "vsock";

    /// <inheritdoc/>
    public override ulong Features => VIRTIO_VSOCK_F_STREAM;

    /// <inheritdoc/>
    public override ReadOnlySpan<ushort> QueueMaxSizes => QueueSizes;

    /// <summary>What the device has done so far. Any thread may ask.</summary>
    public VsockStatistics Statistics => _counters.Read();

    /// <inheritdoc/>
    public override void ReadConfig(uint offset, Span<byte> data) => CopyConfig(_config, offset, data);

    /// <inheritdoc/>
    public override void Activate(VirtioActivation activation)
    {
        ArgumentNullException.ThrowIfNull(activation);
        if (activation.Queues[VsockWorker.ReceiveQueue] is null || activation.Queues[VsockWorker.TransmitQueue] is null)
        {
            activation.Transport.SetNeedsReset("vsock: the driver made no queue to receive or to transmit with");
            return;
        }

        lock (_lifecycle)
        {
            _worker = new VsockWorker(
                activation,
                (int?)_listener?.DangerousGetHandle() ?? -1,
                epoll => new VsockMuxer(_guestCid, _hostAddress, _options, epoll, _counters),
                _counters);
        }
    }

    /// <inheritdoc/>
    public override void Reset()
    {
        lock (_lifecycle)
        {
            _worker?.Dispose();
            _worker = null;
        }
    }

    /// <summary>Stops the device's thread between two packets. Connections stay: host programs see a guest that is slow.</summary>
    internal override void Pause()
    {
        lock (_lifecycle)
            _worker?.Park();
    }

    /// <inheritdoc/>
    internal override bool TryResume()
    {
        lock (_lifecycle)
        {
            _worker?.Unpark();
            return _worker is not null;
        }
    }

    /// <summary>
    /// Ends every connection and tells the guest that all of them are gone, by VIRTIO_VSOCK_EVENT_TRANSPORT_RESET: what
    /// a guest needs that was restored from a snapshot (virtio 1.2, 5.10.6.7). Its listeners survive. Nothing happens
    /// where no driver is active.
    /// </summary>
    public void ResetTransport()
    {
        lock (_lifecycle)
            _worker?.RequestTransportReset();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Reset();
        _listener?.Dispose();
    }

    private static void MakeNonBlocking(SafeFileHandle listener)
    {
        int descriptor = (int)listener.DangerousGetHandle();
        int flags = SocketCalls.fcntl(descriptor, Uapi.F_GETFL, 0);
        if (flags < 0 || SocketCalls.fcntl(descriptor, Uapi.F_SETFL, flags | Uapi.O_NONBLOCK) < 0)
            throw new LinuxException("fcntl", "the vsock listener", SocketCalls.Errno);
    }
}
