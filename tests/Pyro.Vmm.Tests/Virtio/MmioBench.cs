using System.Buffers.Binary;
using Pyro.Kvm.Native;
using Pyro.Vmm.Memory;
using Pyro.Vmm.Virtio;

namespace Pyro.Vmm.Tests.Virtio;

/// <summary>A device behind its registers, driven as a guest's driver does it.</summary>
internal sealed class MmioBench : IDisposable
{
    internal readonly List<string> Log = [];

    private readonly RegisterPages _registers = new(1);

    internal MmioBench(VirtioDevice device, GuestMemory? memory = null)
    {
        Memory = memory ?? GuestMemory.Create(16 << 20);
        Mmio = new VirtioMmioDevice(device, Memory, Line, _registers.Window(0), Log.Add);
    }

    internal GuestMemory Memory { get; }

    internal CountingLine Line { get; } = new();

    internal VirtioMmioDevice Mmio { get; }

    internal VirtioStatus Status => (VirtioStatus)Read(Uapi.VIRTIO_MMIO_STATUS);

    internal uint Read(int register)
    {
        Span<byte> data = stackalloc byte[4];
        Mmio.Read((ulong)register, data);
        return BinaryPrimitives.ReadUInt32LittleEndian(data);
    }

    internal void Write(int register, uint value)
    {
        Span<byte> data = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(data, value);
        Mmio.Write((ulong)register, data);
    }

    internal void AddStatus(VirtioStatus bits) => Write(Uapi.VIRTIO_MMIO_STATUS, (uint)(Status | bits));

    internal ulong DeviceFeatures()
    {
        Write(Uapi.VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
        ulong high = Read(Uapi.VIRTIO_MMIO_DEVICE_FEATURES);
        Write(Uapi.VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
        return (high << 32) | Read(Uapi.VIRTIO_MMIO_DEVICE_FEATURES);
    }

    /// <summary>Takes the device up to the agreement on features.</summary>
    internal void Negotiate(ulong features)
    {
        Write(Uapi.VIRTIO_MMIO_STATUS, 0);
        AddStatus(VirtioStatus.ACKNOWLEDGE);
        AddStatus(VirtioStatus.DRIVER);
        Write(Uapi.VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
        Write(Uapi.VIRTIO_MMIO_DRIVER_FEATURES, (uint)features);
        Write(Uapi.VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
        Write(Uapi.VIRTIO_MMIO_DRIVER_FEATURES, (uint)(features >> 32));
        AddStatus(VirtioStatus.FEATURES_OK);
    }

    internal void SetUpQueue(uint index, VirtQueueLayout layout)
    {
        Write(Uapi.VIRTIO_MMIO_QUEUE_SEL, index);
        Write(Uapi.VIRTIO_MMIO_QUEUE_NUM, layout.Size);
        Write(Uapi.VIRTIO_MMIO_QUEUE_DESC_LOW, (uint)layout.DescriptorArea.Value);
        Write(Uapi.VIRTIO_MMIO_QUEUE_DESC_HIGH, (uint)(layout.DescriptorArea.Value >> 32));
        Write(Uapi.VIRTIO_MMIO_QUEUE_AVAIL_LOW, (uint)layout.DriverArea.Value);
        Write(Uapi.VIRTIO_MMIO_QUEUE_AVAIL_HIGH, (uint)(layout.DriverArea.Value >> 32));
        Write(Uapi.VIRTIO_MMIO_QUEUE_USED_LOW, (uint)layout.DeviceArea.Value);
        Write(Uapi.VIRTIO_MMIO_QUEUE_USED_HIGH, (uint)(layout.DeviceArea.Value >> 32));
        Write(Uapi.VIRTIO_MMIO_QUEUE_READY, 1);
    }

    /// <summary>Brings a device with one queue up to DRIVER_OK.</summary>
    internal MockDriver Start(ulong features, ushort size = 64)
    {
        MockDriver driver = new(Memory, 0x1000, size);
        Negotiate(features);
        Assert.True(Status.HasFlag(VirtioStatus.FEATURES_OK));
        SetUpQueue(0, driver.Layout);
        AddStatus(VirtioStatus.DRIVER_OK);
        return driver;
    }

    public void Dispose()
    {
        Mmio.Dispose();
        _registers.Dispose();
        Memory.Dispose();
        Line.Dispose();
    }
}
