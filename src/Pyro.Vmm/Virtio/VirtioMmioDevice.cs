using System.Buffers.Binary;
using Pyro.Kvm;
using Pyro.Kvm.Native;
using Pyro.Vmm.Buses;
using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Virtio;

/// <summary>A virtio device's registers on the memory-mapped bus, version 2 (virtio 1.2, 4.2).</summary>
/// <remarks>
/// vCPU threads exclude one another with a lock that the device's own threads never take: those reach status and
/// interrupt bits with atomic operations only, so that a device can be waited for while the lock is held.
/// </remarks>
public sealed class VirtioMmioDevice : IBusDevice, IVirtioTransport, IDisposable
{
    /// <summary>Bytes of bus that a device takes.</summary>
    public const ulong WindowLength = 0x1000;

    /// <summary>
    /// Where drivers notify, from the window's start: 4 bytes wide, the value is the queue's index. With an ioeventfd
    /// here for each of <see cref="QueueNotifiers"/>, KVM rings the device without leaving to this process.
    /// </summary>
    public const ulong QueueNotifyOffset = Uapi.VIRTIO_MMIO_QUEUE_NOTIFY;

    private const uint Magic = 0x74726976;      // "virt"
    private const uint MmioVersion = 2;
    private const uint Vendor = 0x4f525950;     // "PYRO"

    private readonly Lock _registers = new();
    private readonly VirtioDevice _device;
    private readonly GuestMemory _memory;
    private readonly IInterruptLine _interrupt;
    private readonly Action<string>? _log;
    private readonly QueueRegisters[] _queues;
    private readonly EventFd[] _notifiers;

    private int _status;
    private int _interruptStatus;
    private int _configGeneration;

    private uint _deviceFeaturesSel;
    private uint _driverFeaturesSel;
    private ulong _driverFeatures;
    private bool _driverFeaturesOutOfRange;
    private uint _queueSel;
    private bool _active;
    private bool _disposed;

    /// <summary>Puts registers in front of a device.</summary>
    /// <param name="device">The device; disposed of with this object if it is <see cref="IDisposable"/>.</param>
    /// <param name="memory">The guest's memory; outlives this object.</param>
    /// <param name="interrupt">The device's interrupt.</param>
    /// <param name="log">Told why, when the device gives up on its driver.</param>
    /// <exception cref="LinuxException">The host has no descriptor left.</exception>
    public VirtioMmioDevice(VirtioDevice device, GuestMemory memory, IInterruptLine interrupt, Action<string>? log = null)
    {
        ArgumentNullException.ThrowIfNull(device);
        _device = device;
        _memory = memory;
        _interrupt = interrupt;
        _log = log;
        ReadOnlySpan<ushort> sizes = device.QueueMaxSizes;
        _queues = new QueueRegisters[sizes.Length];
        _notifiers = new EventFd[sizes.Length];
        for (int i = 0; i < sizes.Length; i++)
        {
            _queues[i] = new QueueRegisters(sizes[i]);
            _notifiers[i] = new EventFd();
        }
    }

    /// <summary>The device behind the registers.</summary>
    public VirtioDevice Device => _device;

    /// <summary>For each queue, what wakes the device for it.</summary>
    public IReadOnlyList<EventFd> QueueNotifiers => _notifiers;

    /// <summary>The device status field.</summary>
    public VirtioStatus Status => (VirtioStatus)Volatile.Read(ref _status);

    private ulong OfferedFeatures => _device.Features | VirtioFeatures.Transport;

    /// <inheritdoc/>
    public void Read(ulong offset, Span<byte> data)
    {
        if (offset >= Uapi.VIRTIO_MMIO_CONFIG)
        {
            ReadConfig(offset - Uapi.VIRTIO_MMIO_CONFIG, data);
            return;
        }

        // Registers are 32 bits wide, aligned, and accessed as such (virtio 1.2, 4.2.2.2).
        if (data.Length != 4 || offset % 4 != 0)
        {
            data.Fill(0xff);
            return;
        }

        BinaryPrimitives.WriteUInt32LittleEndian(data, ReadRegister((int)offset));
    }

    /// <inheritdoc/>
    public void Write(ulong offset, ReadOnlySpan<byte> data)
    {
        if (offset >= Uapi.VIRTIO_MMIO_CONFIG)
        {
            WriteConfig(offset - Uapi.VIRTIO_MMIO_CONFIG, data);
            return;
        }

        if (data.Length == 4 && offset % 4 == 0)
            WriteRegister((int)offset, BinaryPrimitives.ReadUInt32LittleEndian(data));
    }

    /// <inheritdoc/>
    public void SignalUsed() => Interrupt(Uapi.VIRTIO_MMIO_INT_VRING);

    /// <inheritdoc/>
    public void SignalConfigChange()
    {
        Interlocked.Increment(ref _configGeneration);
        if (Has(Status, VirtioStatus.DRIVER_OK))
            Interrupt(Uapi.VIRTIO_MMIO_INT_CONFIG);
    }

    /// <inheritdoc/>
    public void SetNeedsReset(string reason)
    {
        VirtioStatus before = (VirtioStatus)Interlocked.Or(ref _status, (int)VirtioStatus.DEVICE_NEEDS_RESET);
        if (Has(before, VirtioStatus.DEVICE_NEEDS_RESET))
            return;
        _log?.Invoke($"virtio device {_device.DeviceId} needs a reset: {reason}");
        if (Has(before, VirtioStatus.DRIVER_OK))
            Interrupt(Uapi.VIRTIO_MMIO_INT_CONFIG);
    }

    /// <summary>Stops the device. Comes after the vCPUs have ended and before the guest's memory is unmapped.</summary>
    public void Dispose()
    {
        lock (_registers)
        {
            if (_disposed)
                return;
            _disposed = true;
            Deactivate();
        }

        (_device as IDisposable)?.Dispose();
        foreach (EventFd notifier in _notifiers)
            notifier.Dispose();
    }

    // Enum.HasFlag boxes unless the compiler optimises.
    private static bool Has(VirtioStatus status, VirtioStatus bit) => (status & bit) != 0;

    private void Interrupt(int bit)
    {
        Interlocked.Or(ref _interruptStatus, bit);
        _interrupt.Trigger();
    }

    private uint ReadRegister(int offset)
    {
        switch (offset)
        {
            case Uapi.VIRTIO_MMIO_MAGIC_VALUE:
                return Magic;
            case Uapi.VIRTIO_MMIO_VERSION:
                return MmioVersion;
            case Uapi.VIRTIO_MMIO_DEVICE_ID:
                return _device.DeviceId;
            case Uapi.VIRTIO_MMIO_VENDOR_ID:
                return Vendor;
            case Uapi.VIRTIO_MMIO_INTERRUPT_STATUS:
                return (uint)Volatile.Read(ref _interruptStatus);
            case Uapi.VIRTIO_MMIO_STATUS:
                return (uint)Volatile.Read(ref _status);
            case Uapi.VIRTIO_MMIO_CONFIG_GENERATION:
                return (uint)Volatile.Read(ref _configGeneration);
            case Uapi.VIRTIO_MMIO_SHM_LEN_LOW or Uapi.VIRTIO_MMIO_SHM_LEN_HIGH or Uapi.VIRTIO_MMIO_SHM_BASE_LOW or Uapi.VIRTIO_MMIO_SHM_BASE_HIGH:
                // No shared memory regions: length and base read as -1 (virtio 1.2, 4.2.2).
                return uint.MaxValue;
        }

        lock (_registers)
        {
            return offset switch
            {
                Uapi.VIRTIO_MMIO_DEVICE_FEATURES => _deviceFeaturesSel switch
                {
                    0 => (uint)OfferedFeatures,
                    1 => (uint)(OfferedFeatures >> 32),
                    _ => 0,
                },
                Uapi.VIRTIO_MMIO_QUEUE_NUM_MAX => SelectedQueue?.MaxSize ?? 0u,
                Uapi.VIRTIO_MMIO_QUEUE_READY => SelectedQueue is { Ready: true } ? 1u : 0,
                _ => 0,
            };
        }
    }

    private void WriteRegister(int offset, uint value)
    {
        switch (offset)
        {
            case Uapi.VIRTIO_MMIO_QUEUE_NOTIFY:
                // Without an ioeventfd. The device hears of it the same way.
                if (value < (uint)_notifiers.Length && Has(Status, VirtioStatus.DRIVER_OK))
                    _notifiers[value].Signal();
                return;
            case Uapi.VIRTIO_MMIO_INTERRUPT_ACK:
                Interlocked.And(ref _interruptStatus, ~(int)value);
                return;
        }

        lock (_registers)
        {
            if (_disposed)
                return;
            switch (offset)
            {
                case Uapi.VIRTIO_MMIO_DEVICE_FEATURES_SEL:
                    _deviceFeaturesSel = value;
                    break;
                case Uapi.VIRTIO_MMIO_DRIVER_FEATURES_SEL:
                    _driverFeaturesSel = value;
                    break;
                case Uapi.VIRTIO_MMIO_DRIVER_FEATURES:
                    WriteDriverFeatures(value);
                    break;
                case Uapi.VIRTIO_MMIO_QUEUE_SEL:
                    _queueSel = value;
                    break;
                case Uapi.VIRTIO_MMIO_QUEUE_READY:
                    WriteQueueReady(value);
                    break;
                case Uapi.VIRTIO_MMIO_STATUS:
                    WriteStatus((VirtioStatus)(value & 0xff));
                    break;
                default:
                    WriteQueueSetup(offset, value);
                    break;
            }
        }
    }

    private QueueRegisters? SelectedQueue => _queueSel < (uint)_queues.Length ? _queues[_queueSel] : null;

    private void WriteDriverFeatures(uint value)
    {
        if ((Status & (VirtioStatus.DRIVER | VirtioStatus.FEATURES_OK)) != VirtioStatus.DRIVER)
            return;
        switch (_driverFeaturesSel)
        {
            case 0:
                _driverFeatures = (_driverFeatures & ~(ulong)uint.MaxValue) | value;
                break;
            case 1:
                _driverFeatures = (_driverFeatures & uint.MaxValue) | ((ulong)value << 32);
                break;
            default:
                _driverFeaturesOutOfRange |= value != 0;
                break;
        }
    }

    private void WriteQueueSetup(int offset, uint value)
    {
        // Queues are laid out between the agreement on features and DRIVER_OK, and not while they are in use.
        if ((Status & (VirtioStatus.FEATURES_OK | VirtioStatus.DRIVER_OK)) != VirtioStatus.FEATURES_OK
            || SelectedQueue is not { Ready: false } queue)
            return;
        switch (offset)
        {
            case Uapi.VIRTIO_MMIO_QUEUE_NUM:
                queue.Size = value;
                break;
            case Uapi.VIRTIO_MMIO_QUEUE_DESC_LOW:
                queue.DescriptorArea = WithLow(queue.DescriptorArea, value);
                break;
            case Uapi.VIRTIO_MMIO_QUEUE_DESC_HIGH:
                queue.DescriptorArea = WithHigh(queue.DescriptorArea, value);
                break;
            case Uapi.VIRTIO_MMIO_QUEUE_AVAIL_LOW:
                queue.DriverArea = WithLow(queue.DriverArea, value);
                break;
            case Uapi.VIRTIO_MMIO_QUEUE_AVAIL_HIGH:
                queue.DriverArea = WithHigh(queue.DriverArea, value);
                break;
            case Uapi.VIRTIO_MMIO_QUEUE_USED_LOW:
                queue.DeviceArea = WithLow(queue.DeviceArea, value);
                break;
            case Uapi.VIRTIO_MMIO_QUEUE_USED_HIGH:
                queue.DeviceArea = WithHigh(queue.DeviceArea, value);
                break;
        }

        static ulong WithLow(ulong area, uint value) => (area & ~(ulong)uint.MaxValue) | value;
        static ulong WithHigh(ulong area, uint value) => (area & uint.MaxValue) | ((ulong)value << 32);
    }

    private void WriteQueueReady(uint value)
    {
        if (SelectedQueue is not { } queue || !Has(Status, VirtioStatus.FEATURES_OK))
            return;
        if (value == 0 && queue.Ready)
        {
            queue.Ready = false;
            if (_active)
            {
                // A queue that is not ready must not be touched (virtio 1.2, 4.2.2.1), and devices stop as a whole.
                Deactivate();
                SetNeedsReset($"the driver took queue {_queueSel} away");
            }
        }
        else if (value == 1 && !Has(Status, VirtioStatus.DRIVER_OK) && queue.SizeIsValid)
        {
            queue.Ready = true;
        }
    }

    private void WriteStatus(VirtioStatus value)
    {
        if (value == VirtioStatus.None)
        {
            Reset();
            return;
        }

        // Bits are only ever added, each after the one before it; anything else is a driver gone wrong and changes nothing.
        Add(VirtioStatus.FAILED, VirtioStatus.None);
        Add(VirtioStatus.ACKNOWLEDGE, VirtioStatus.None);
        Add(VirtioStatus.DRIVER, VirtioStatus.ACKNOWLEDGE);
        if (FeaturesAreAcceptable)
            Add(VirtioStatus.FEATURES_OK, VirtioStatus.DRIVER);
        if ((Status & (VirtioStatus.DEVICE_NEEDS_RESET | VirtioStatus.FAILED)) == 0 && Add(VirtioStatus.DRIVER_OK, VirtioStatus.FEATURES_OK))
            Activate();

        bool Add(VirtioStatus bit, VirtioStatus after)
        {
            if (!Has(value, bit) || Has(Status, bit) || (after != VirtioStatus.None && !Has(Status, after)))
                return false;
            Interlocked.Or(ref _status, (int)bit);
            return true;
        }
    }

    private bool FeaturesAreAcceptable =>
        !_driverFeaturesOutOfRange
        && (_driverFeatures & ~OfferedFeatures) == 0
        && (_driverFeatures & VirtioFeatures.VIRTIO_F_VERSION_1) != 0;

    private void Activate()
    {
        VirtQueue?[] queues = new VirtQueue?[_queues.Length];
        for (int i = 0; i < queues.Length; i++)
        {
            QueueRegisters registers = _queues[i];
            if (registers.Ready
                && !VirtQueue.TryCreate(_memory, this, i, registers.Layout, registers.MaxSize, _driverFeatures, default, out queues[i]))
            {
                SetNeedsReset($"queue {i} is misaligned or outside guest memory");
                return;
            }
        }

        _active = true;
        _device.Activate(new VirtioActivation
        {
            Memory = _memory,
            Features = _driverFeatures,
            Queues = queues,
            Notifiers = _notifiers,
            Transport = this,
        });
    }

    private void Deactivate()
    {
        if (!_active)
            return;
        _active = false;
        _device.Reset();
    }

    private void Reset()
    {
        // The device's threads end first: none can set a bit after the bits are cleared.
        Deactivate();
        foreach (QueueRegisters queue in _queues)
            queue.Reset();
        foreach (EventFd notifier in _notifiers)
            notifier.TryTake(out _);
        _deviceFeaturesSel = 0;
        _driverFeaturesSel = 0;
        _driverFeatures = 0;
        _driverFeaturesOutOfRange = false;
        _queueSel = 0;
        Interlocked.Exchange(ref _interruptStatus, 0);
        Interlocked.Exchange(ref _status, 0);
    }

    private void ReadConfig(ulong offset, Span<byte> data)
    {
        data.Clear();
        if (IsNatural(offset, data.Length))
            _device.ReadConfig((uint)offset, data);
        else
            data.Fill(0xff);
    }

    private void WriteConfig(ulong offset, ReadOnlySpan<byte> data)
    {
        if (!IsNatural(offset, data.Length))
            return;
        lock (_registers)
        {
            if (!_disposed)
                _device.WriteConfig((uint)offset, data);
        }
    }

    // The bus keeps offset + length within the window, so a uint holds it.
    private static bool IsNatural(ulong offset, int length) => length is 1 or 2 or 4 or 8 && offset % (uint)length == 0;
}
