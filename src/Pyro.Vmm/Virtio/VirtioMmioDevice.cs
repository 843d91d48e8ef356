using System.Buffers.Binary;
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
    public const ulong QueueNotifyOffset = MmioRegister.QueueNotify;

    private const uint Magic = 0x74726976;      // "virt"
    private const uint MmioVersion = 2;
    private const uint Vendor = 0x4f525950;     // "PYRO"
    private const int UsedBufferNotification = 1;
    private const int ConfigurationChangeNotification = 2;

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
        if (offset >= MmioRegister.Config)
        {
            ReadConfig(offset - MmioRegister.Config, data);
            return;
        }

        // Registers are 32 bits wide, aligned, and accessed as such (virtio 1.2, 4.2.2.2).
        if (data.Length != 4 || offset % 4 != 0)
        {
            data.Fill(0xff);
            return;
        }

        BinaryPrimitives.WriteUInt32LittleEndian(data, ReadRegister(offset));
    }

    /// <inheritdoc/>
    public void Write(ulong offset, ReadOnlySpan<byte> data)
    {
        if (offset >= MmioRegister.Config)
        {
            WriteConfig(offset - MmioRegister.Config, data);
            return;
        }

        if (data.Length == 4 && offset % 4 == 0)
            WriteRegister(offset, BinaryPrimitives.ReadUInt32LittleEndian(data));
    }

    /// <inheritdoc/>
    public void SignalUsed() => Interrupt(UsedBufferNotification);

    /// <inheritdoc/>
    public void SignalConfigChange()
    {
        Interlocked.Increment(ref _configGeneration);
        if (Status.HasFlag(VirtioStatus.DRIVER_OK))
            Interrupt(ConfigurationChangeNotification);
    }

    /// <inheritdoc/>
    public void SetNeedsReset(string reason)
    {
        VirtioStatus before = (VirtioStatus)Interlocked.Or(ref _status, (int)VirtioStatus.DEVICE_NEEDS_RESET);
        if (before.HasFlag(VirtioStatus.DEVICE_NEEDS_RESET))
            return;
        _log?.Invoke($"virtio device {_device.DeviceId} needs a reset: {reason}");
        if (before.HasFlag(VirtioStatus.DRIVER_OK))
            Interrupt(ConfigurationChangeNotification);
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

    private void Interrupt(int bit)
    {
        Interlocked.Or(ref _interruptStatus, bit);
        _interrupt.Trigger();
    }

    private uint ReadRegister(ulong offset)
    {
        switch (offset)
        {
            case MmioRegister.MagicValue:
                return Magic;
            case MmioRegister.Version:
                return MmioVersion;
            case MmioRegister.DeviceID:
                return _device.DeviceId;
            case MmioRegister.VendorID:
                return Vendor;
            case MmioRegister.InterruptStatus:
                return (uint)Volatile.Read(ref _interruptStatus);
            case MmioRegister.Status:
                return (uint)Volatile.Read(ref _status);
            case MmioRegister.ConfigGeneration:
                return (uint)Volatile.Read(ref _configGeneration);
            case MmioRegister.SHMLenLow or MmioRegister.SHMLenHigh or MmioRegister.SHMBaseLow or MmioRegister.SHMBaseHigh:
                // No shared memory regions: length and base read as -1 (virtio 1.2, 4.2.2).
                return uint.MaxValue;
        }

        lock (_registers)
        {
            return offset switch
            {
                MmioRegister.DeviceFeatures => _deviceFeaturesSel switch
                {
                    0 => (uint)OfferedFeatures,
                    1 => (uint)(OfferedFeatures >> 32),
                    _ => 0,
                },
                MmioRegister.QueueSizeMax => SelectedQueue?.MaxSize ?? 0u,
                MmioRegister.QueueReady => SelectedQueue is { Ready: true } ? 1u : 0,
                _ => 0,
            };
        }
    }

    private void WriteRegister(ulong offset, uint value)
    {
        switch (offset)
        {
            case MmioRegister.QueueNotify:
                // Without an ioeventfd. The device hears of it the same way.
                if (value < (uint)_notifiers.Length && Status.HasFlag(VirtioStatus.DRIVER_OK))
                    _notifiers[value].Signal();
                return;
            case MmioRegister.InterruptACK:
                Interlocked.And(ref _interruptStatus, ~(int)value);
                return;
        }

        lock (_registers)
        {
            if (_disposed)
                return;
            switch (offset)
            {
                case MmioRegister.DeviceFeaturesSel:
                    _deviceFeaturesSel = value;
                    break;
                case MmioRegister.DriverFeaturesSel:
                    _driverFeaturesSel = value;
                    break;
                case MmioRegister.DriverFeatures:
                    WriteDriverFeatures(value);
                    break;
                case MmioRegister.QueueSel:
                    _queueSel = value;
                    break;
                case MmioRegister.QueueReady:
                    WriteQueueReady(value);
                    break;
                case MmioRegister.Status:
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

    private void WriteQueueSetup(ulong offset, uint value)
    {
        // Queues are laid out between the agreement on features and DRIVER_OK, and not while they are in use.
        if ((Status & (VirtioStatus.FEATURES_OK | VirtioStatus.DRIVER_OK)) != VirtioStatus.FEATURES_OK
            || SelectedQueue is not { Ready: false } queue)
            return;
        switch (offset)
        {
            case MmioRegister.QueueSize:
                queue.Size = value;
                break;
            case MmioRegister.QueueDescLow:
                queue.DescriptorArea = WithLow(queue.DescriptorArea, value);
                break;
            case MmioRegister.QueueDescHigh:
                queue.DescriptorArea = WithHigh(queue.DescriptorArea, value);
                break;
            case MmioRegister.QueueDriverLow:
                queue.DriverArea = WithLow(queue.DriverArea, value);
                break;
            case MmioRegister.QueueDriverHigh:
                queue.DriverArea = WithHigh(queue.DriverArea, value);
                break;
            case MmioRegister.QueueDeviceLow:
                queue.DeviceArea = WithLow(queue.DeviceArea, value);
                break;
            case MmioRegister.QueueDeviceHigh:
                queue.DeviceArea = WithHigh(queue.DeviceArea, value);
                break;
        }

        static ulong WithLow(ulong area, uint value) => (area & ~(ulong)uint.MaxValue) | value;
        static ulong WithHigh(ulong area, uint value) => (area & uint.MaxValue) | ((ulong)value << 32);
    }

    private void WriteQueueReady(uint value)
    {
        if (SelectedQueue is not { } queue || !Status.HasFlag(VirtioStatus.FEATURES_OK))
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
        else if (value == 1 && !Status.HasFlag(VirtioStatus.DRIVER_OK) && queue.SizeIsValid)
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
            if (!value.HasFlag(bit) || Status.HasFlag(bit) || !Status.HasFlag(after))
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
            notifier.Drain();
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
