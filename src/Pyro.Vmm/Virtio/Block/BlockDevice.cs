using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm.Native;
using Pyro.Vmm.Disks;

namespace Pyro.Vmm.Virtio.Block;

/// <summary>virtio-blk: a disk (virtio 1.2, 5.2). Requests are worked off one after another on the device's own thread.</summary>
public sealed class BlockDevice : VirtioDevice, IDisposable
{
    /// <summary>Bytes of a sector, the unit of every request.</summary>
    public const ulong SectorSize = 512;

    /// <summary>The most bytes of an id.</summary>
    public const int IdLength = Uapi.VIRTIO_BLK_ID_BYTES;

    private static readonly ushort[] s_queueMaxSizes = [BlockConfig.QueueSize];

    private IDiskBackend _disk;
    private readonly virtio_blk_config _config;
    private readonly byte[] _id = new byte[IdLength];
    private readonly Action<string>? _log;
    private readonly bool _isWritten;
    private QueueWorker? _worker;

    /// <summary>Puts a disk behind a device.</summary>
    /// <param name="disk">The disk; disposed of with the device.</param>
    /// <param name="id">What the guest sees as the disk's serial number: ASCII, cut to <see cref="IdLength"/> bytes.</param>
    /// <param name="log">Told of every request that the host could not fulfil.</param>
    public BlockDevice(IDiskBackend disk, string id, Action<string>? log = null)
    {
        ArgumentNullException.ThrowIfNull(disk);
        ArgumentNullException.ThrowIfNull(id);
        _disk = disk;
        _isWritten = !disk.IsReadOnly;
        _log = log;
        _config = BlockConfig.For(disk.Length);
        System.Text.Encoding.ASCII.GetBytes(id.AsSpan(0, Math.Min(id.Length, IdLength)), _id);
    }

    /// <inheritdoc/>
    public override uint DeviceId => Uapi.VIRTIO_ID_BLOCK;

    /// <inheritdoc/>
    public override string Name => "block";

    /// <inheritdoc/>
    public override ulong Features =>
        (1UL << Uapi.VIRTIO_BLK_F_SIZE_MAX) | (1UL << Uapi.VIRTIO_BLK_F_SEG_MAX) | (1UL << Uapi.VIRTIO_BLK_F_BLK_SIZE)
        | (1UL << Uapi.VIRTIO_BLK_F_TOPOLOGY) | (1UL << Uapi.VIRTIO_BLK_F_FLUSH)
        | (_disk.IsReadOnly
            ? 1UL << Uapi.VIRTIO_BLK_F_RO
            : (1UL << Uapi.VIRTIO_BLK_F_DISCARD) | (1UL << Uapi.VIRTIO_BLK_F_WRITE_ZEROES));

    /// <inheritdoc/>
    public override ReadOnlySpan<ushort> QueueMaxSizes => s_queueMaxSizes;

    /// <inheritdoc/>
    public override void ReadConfig(uint offset, Span<byte> data) => CopyConfig(MemoryMarshal.AsBytes(new ReadOnlySpan<virtio_blk_config>(in _config)), offset, data);

    /// <inheritdoc/>
    public override void Activate(VirtioActivation activation)
    {
        ArgumentNullException.ThrowIfNull(activation);
        if (activation.Queues[0] is not { } queue)
            return;
        BlockRequests requests = new(_disk, _id, activation, _log);
        _worker = new QueueWorker("virtio-blk", activation, _ => requests.Process(queue));
    }

    /// <inheritdoc/>
    public override void Reset()
    {
        _worker?.Dispose();
        _worker = null;
    }

    /// <summary>Freezes the disk's top layer, if it has one that can change.</summary>
    internal void FreezeDisk()
    {
        if (_disk is OverlayDisk { IsFrozen: false, IsReadOnly: false } layer)
            layer.Freeze();
    }

    /// <summary>
    /// The files of the layers under the disk that can never change again, lowest first. What the guest can only read is
    /// made of files that are there without the machine.
    /// </summary>
    internal IEnumerable<SafeFileHandle> FrozenLayers => _isWritten && _disk is OverlayDisk layer ? layer.FrozenLayers : [];

    /// <summary>Whether a guest can write to the disk.</summary>
    internal bool CanChange => !_disk.IsReadOnly;

    /// <exception cref="DiskException">The disk is written to without a layer of its own.</exception>
    internal void ThrowUnlessLayered()
    {
        if (_disk is not OverlayDisk)
            throw new DiskException(_disk.Name, "it is written to in place, so a snapshot of the running machine cannot have it as it is now; give the machine a copy-on-write layer");
    }

    /// <summary>Freezes the paused device's disk as it is; the guest goes on in a new layer.</summary>
    /// <param name="layer">An empty file; the device's from here on.</param>
    /// <exception cref="DiskException">The layer cannot be made; the disk is as it was.</exception>
    internal void BranchDisk(SafeFileHandle layer) => _disk = ((OverlayDisk)_disk).Branch(layer, _disk.Name);

    /// <summary>Stops the device and closes its disk.</summary>
    public void Dispose()
    {
        Reset();
        _disk.Dispose();
    }
}
