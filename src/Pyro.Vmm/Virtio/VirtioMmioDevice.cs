using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Pyro.Kvm;
using Pyro.Kvm.Native;
using Pyro.Vmm.Buses;
using Pyro.Vmm.Memory;
using Pyro.Vmm.Snapshots;

namespace Pyro.Vmm.Virtio;

/// <summary>A virtio device's registers on the memory-mapped bus, version 2 (virtio 1.2, 4.2).</summary>
/// <remarks>
/// What registers read as lies in a <see cref="RegisterWindow"/>, which the guest reads for itself where KVM can show it
/// read-only memory; every change here is written there at once. While a driver is at work, the bit of
/// <c>InterruptStatus</c> for used buffers is always set: an interrupt of this line means nothing else, so that it need
/// be neither read nor acknowledged outside the guest (<see cref="InterruptAckOffset"/>).
/// vCPU threads exclude one another with a lock that the device's own threads never take: those reach status and
/// interrupt bits with atomic operations only, so that a device can be waited for while the lock is held.
/// </remarks>
public sealed class VirtioMmioDevice : IBusDevice, IVirtioTransport, IDisposable
{
    /// <summary>
    /// Where drivers notify, from the window's start: 4 bytes wide, the value is the queue's index. With an ioeventfd
    /// here for each of <see cref="QueueNotifiers"/>, KVM rings the device without leaving to this process.
    /// </summary>
    public const ulong QueueNotifyOffset = Uapi.VIRTIO_MMIO_QUEUE_NOTIFY;

    /// <summary>
    /// Where drivers acknowledge interrupts, 4 bytes wide. Acknowledging <see cref="UsedBufferInterrupt"/> alone changes
    /// nothing: an ioeventfd here for that value, which nobody listens to, keeps the write within KVM.
    /// </summary>
    public const ulong InterruptAckOffset = Uapi.VIRTIO_MMIO_INTERRUPT_ACK;

    /// <summary>The bit of <c>InterruptStatus</c> that says that buffers were used.</summary>
    public const uint UsedBufferInterrupt = Uapi.VIRTIO_MMIO_INT_VRING;

    private const uint Magic = 0x74726976;      // "virt"
    private const uint MmioVersion = 2;
    private const uint Vendor = 0x4f525950;     // "PYRO"

    private readonly Lock _registers = new();
    private readonly VirtioDevice _device;
    private readonly GuestMemory _memory;
    private readonly IInterruptLine _interrupt;
    private readonly Action<string>? _log;
    private readonly RegisterWindow _window;
    private readonly QueueRegisters[] _queues;
    private readonly EventFd[] _notifiers;

    private uint _deviceFeaturesSel;
    private uint _driverFeaturesSel;
    private ulong _driverFeatures;
    private bool _driverFeaturesOutOfRange;
    private uint _queueSel;
    private VirtQueue?[] _virtQueues = [];
    private bool _active;
    private bool _disposed;

    /// <summary>Puts registers in front of a device.</summary>
    /// <param name="device">The device; disposed of with this object if it is <see cref="IDisposable"/>.</param>
    /// <param name="memory">The guest's memory; outlives this object.</param>
    /// <param name="interrupt">The device's interrupt.</param>
    /// <param name="window">What the registers read as; outlives this object.</param>
    /// <param name="log">Told why, when the device gives up on its driver.</param>
    /// <exception cref="LinuxException">The host has no descriptor left.</exception>
    public VirtioMmioDevice(VirtioDevice device, GuestMemory memory, IInterruptLine interrupt, RegisterWindow window, Action<string>? log = null)
    {
        ArgumentNullException.ThrowIfNull(device);
        _device = device;
        _memory = memory;
        _interrupt = interrupt;
        _window = window;
        _log = log;
        ReadOnlySpan<ushort> sizes = device.QueueMaxSizes;
        _queues = new QueueRegisters[sizes.Length];
        _notifiers = new EventFd[sizes.Length];
        for (int i = 0; i < sizes.Length; i++)
        {
            _queues[i] = new QueueRegisters(sizes[i]);
            _notifiers[i] = new EventFd();
        }

        ShowConstants();
        ShowSelected();
        ShowConfig();
    }

    /// <summary>The device behind the registers.</summary>
    public VirtioDevice Device => _device;

    /// <summary>For each queue, what wakes the device for it.</summary>
    public IReadOnlyList<EventFd> QueueNotifiers => _notifiers;

    /// <summary>What the device and its driver had to say to each other, over all resets.</summary>
    public VirtioCounters Counters { get; } = new();

    /// <summary>The device status field.</summary>
    public VirtioStatus Status => (VirtioStatus)Volatile.Read(ref StatusRegister);

    private ref uint StatusRegister => ref _window[Uapi.VIRTIO_MMIO_STATUS];

    private ref uint InterruptStatus => ref _window[Uapi.VIRTIO_MMIO_INTERRUPT_STATUS];

    private ref uint ConfigGeneration => ref _window[Uapi.VIRTIO_MMIO_CONFIG_GENERATION];

    private ulong OfferedFeatures => _device.Features | VirtioFeatures.Transport;

    /// <summary>For hosts whose KVM cannot show the window to the guest.</summary>
    public void Read(ulong offset, Span<byte> data)
    {
        if (data.Length == sizeof(uint) && offset % sizeof(uint) == 0)
            BinaryPrimitives.WriteUInt32LittleEndian(data, Volatile.Read(ref _window[(int)offset]));
        else
            _window.Bytes((int)offset, data.Length).CopyTo(data);
    }

    /// <inheritdoc/>
    public void Write(ulong offset, ReadOnlySpan<byte> data)
    {
        if (offset >= Uapi.VIRTIO_MMIO_CONFIG)
        {
            WriteConfig(offset - Uapi.VIRTIO_MMIO_CONFIG, data);
            return;
        }

        // Registers are 32 bits wide, aligned, and accessed as such (virtio 1.2, 4.2.2.2).
        if (data.Length == 4 && offset % 4 == 0)
            WriteRegister((int)offset, BinaryPrimitives.ReadUInt32LittleEndian(data));
    }

    /// <inheritdoc/>
    public void SignalUsed() => Interrupt(Uapi.VIRTIO_MMIO_INT_VRING);

    /// <inheritdoc/>
    public void SignalConfigChange()
    {
        // A driver that reads while this writes sees two generations whichever way it goes.
        Interlocked.Increment(ref ConfigGeneration);
        ShowConfig();
        Interlocked.Increment(ref ConfigGeneration);
        if (Has(Status, VirtioStatus.DRIVER_OK))
            Interrupt(Uapi.VIRTIO_MMIO_INT_CONFIG);
    }

    /// <inheritdoc/>
    public void SetNeedsReset(string reason)
    {
        VirtioStatus before = (VirtioStatus)Interlocked.Or(ref StatusRegister, (uint)VirtioStatus.DEVICE_NEEDS_RESET);
        if (Has(before, VirtioStatus.DEVICE_NEEDS_RESET))
            return;
        _log?.Invoke($"virtio device {_device.DeviceId} needs a reset: {reason}");
        if (Has(before, VirtioStatus.DRIVER_OK))
            Interrupt(Uapi.VIRTIO_MMIO_INT_CONFIG);
    }

    /// <summary>
    /// Stops the device's threads between two requests; registers and queues stay as they are. Comes after the vCPUs were
    /// paused, and after it what the guest was told is done is in its memory and on its disk.
    /// </summary>
    internal void Pause()
    {
        lock (_registers)
        {
            if (!_active)
                return;
            _device.Pause();
            for (int i = 0; i < _queues.Length; i++)
                _queues[i].State = _virtQueues[i]?.State ?? default;
        }
    }

    /// <summary>Lets the device go on where <see cref="Pause"/> or <see cref="Restore"/> left it.</summary>
    internal void Resume()
    {
        lock (_registers)
        {
            if (!_active)
                return;
            if (!_device.TryResume())
                Activate();
            // An interrupt that was under way when the machine was paused may be lost; one too many does no harm.
            _interrupt.Trigger();
        }
    }

    /// <summary>Writes a paused device's registers and how far it is in its queues.</summary>
    internal void Save(StateWriter state)
    {
        lock (_registers)
        {
            state.Write(_device.DeviceId);
            state.Write(new Registers
            {
                Status = (uint)Status,
                InterruptStatus = Volatile.Read(ref InterruptStatus),
                ConfigGeneration = Volatile.Read(ref ConfigGeneration),
                DeviceFeatures = OfferedFeatures,
                DriverFeatures = _driverFeatures,
                DeviceFeaturesSel = _deviceFeaturesSel,
                DriverFeaturesSel = _driverFeaturesSel,
                QueueSel = _queueSel,
                DriverFeaturesOutOfRange = _driverFeaturesOutOfRange ? 1u : 0,
                Active = _active ? 1u : 0,
            });
            foreach (QueueRegisters queue in _queues)
                queue.Save(state);
        }
    }

    /// <summary>Takes over what <see cref="Save"/> wrote, before any vCPU runs; <see cref="Resume"/> starts the device.</summary>
    /// <exception cref="SnapshotException">The state is of another device, or damaged.</exception>
    internal void Restore(ref StateReader state)
    {
        lock (_registers)
        {
            uint deviceId = state.Read<uint>();
            if (deviceId != _device.DeviceId)
                throw new SnapshotException($"the snapshot has a virtio device {deviceId} where this machine has {_device.DeviceId}");
            Registers saved = state.Read<Registers>();
            if ((saved.DriverFeatures & ~OfferedFeatures) != 0)
                throw new SnapshotException($"the snapshot's driver uses features 0x{saved.DriverFeatures & ~OfferedFeatures:x} of virtio device {deviceId}, which this machine does not offer");
            _driverFeatures = saved.DriverFeatures;
            _deviceFeaturesSel = saved.DeviceFeaturesSel;
            _driverFeaturesSel = saved.DriverFeaturesSel;
            _queueSel = saved.QueueSel;
            _driverFeaturesOutOfRange = saved.DriverFeaturesOutOfRange != 0;
            _active = saved.Active != 0;
            foreach (QueueRegisters queue in _queues)
                queue.Restore(ref state);
            StatusRegister = saved.Status;
            InterruptStatus = saved.InterruptStatus;
            ConfigGeneration = saved.ConfigGeneration;
            ShowSelected();
        }
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

    private void Interrupt(uint bit)
    {
        Interlocked.Or(ref InterruptStatus, bit);
        Counters.CountInterrupt();
        _interrupt.Trigger();
    }

    private void ShowConstants()
    {
        _window[Uapi.VIRTIO_MMIO_MAGIC_VALUE] = Magic;
        _window[Uapi.VIRTIO_MMIO_VERSION] = MmioVersion;
        _window[Uapi.VIRTIO_MMIO_DEVICE_ID] = _device.DeviceId;
        _window[Uapi.VIRTIO_MMIO_VENDOR_ID] = Vendor;
        // No shared memory regions: length and base read as -1 (virtio 1.2, 4.2.2).
        _window[Uapi.VIRTIO_MMIO_SHM_LEN_LOW] = uint.MaxValue;
        _window[Uapi.VIRTIO_MMIO_SHM_LEN_HIGH] = uint.MaxValue;
        _window[Uapi.VIRTIO_MMIO_SHM_BASE_LOW] = uint.MaxValue;
        _window[Uapi.VIRTIO_MMIO_SHM_BASE_HIGH] = uint.MaxValue;
    }

    /// <summary>The registers whose value depends on what the driver has selected.</summary>
    private void ShowSelected()
    {
        _window[Uapi.VIRTIO_MMIO_DEVICE_FEATURES] = _deviceFeaturesSel switch
        {
            0 => (uint)OfferedFeatures,
            1 => (uint)(OfferedFeatures >> 32),
            _ => 0,
        };
        _window[Uapi.VIRTIO_MMIO_QUEUE_NUM_MAX] = SelectedQueue?.MaxSize ?? 0u;
        _window[Uapi.VIRTIO_MMIO_QUEUE_READY] = SelectedQueue is { Ready: true } ? 1u : 0;
    }

    private void ShowConfig()
    {
        Span<byte> part = stackalloc byte[sizeof(ulong)];
        for (int offset = Uapi.VIRTIO_MMIO_CONFIG; offset < RegisterWindow.Length; offset += part.Length)
        {
            part.Clear();
            _device.ReadConfig((uint)(offset - Uapi.VIRTIO_MMIO_CONFIG), part);
            part.CopyTo(_window.Bytes(offset, part.Length));
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
                uint standing = Has(Status, VirtioStatus.DRIVER_OK) ? UsedBufferInterrupt : 0;
                Interlocked.And(ref InterruptStatus, ~value | standing);
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
                    return;
            }

            ShowSelected();
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
            Interlocked.Or(ref StatusRegister, (uint)bit);
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
                && !VirtQueue.TryCreate(_memory, this, i, registers.Layout, registers.MaxSize, _driverFeatures, registers.State, out queues[i]))
            {
                SetNeedsReset($"queue {i} is misaligned or outside guest memory");
                return;
            }
        }

        _virtQueues = queues;
        _active = true;
        Interlocked.Or(ref InterruptStatus, UsedBufferInterrupt);
        _device.Activate(new VirtioActivation
        {
            Memory = _memory,
            Features = _driverFeatures,
            Queues = queues,
            Notifiers = _notifiers,
            Counters = Counters,
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
        Interlocked.Exchange(ref InterruptStatus, 0);
        Interlocked.Exchange(ref StatusRegister, 0);
    }

    private void WriteConfig(ulong offset, ReadOnlySpan<byte> data)
    {
        if (!IsNatural(offset, data.Length))
            return;
        lock (_registers)
        {
            if (_disposed)
                return;
            _device.WriteConfig((uint)offset, data);
            ShowConfig();
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Registers
    {
        internal uint Status;
        internal uint InterruptStatus;
        internal uint ConfigGeneration;
        internal uint DeviceFeaturesSel;
        internal ulong DeviceFeatures;
        internal ulong DriverFeatures;
        internal uint DriverFeaturesSel;
        internal uint QueueSel;
        internal uint DriverFeaturesOutOfRange;
        internal uint Active;
    }

    // The bus keeps offset + length within the window, so a uint holds it.
    private static bool IsNatural(ulong offset, int length) => length is 1 or 2 or 4 or 8 && offset % (uint)length == 0;
}
