using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Virtio;

/// <summary>What a driver has written about one queue so far.</summary>
internal sealed class QueueRegisters(ushort maxSize)
{
    internal readonly ushort MaxSize = maxSize;
    internal uint Size;
    internal ulong DescriptorArea;
    internal ulong DriverArea;
    internal ulong DeviceArea;
    internal bool Ready;

    /// <summary>Whether the size is one the driver may choose: a power of two up to the device's maximum.</summary>
    internal bool SizeIsValid => Size != 0 && Size <= MaxSize && (Size & (Size - 1)) == 0;

    internal VirtQueueLayout Layout =>
        new((ushort)Size, new GuestAddress(DescriptorArea), new GuestAddress(DriverArea), new GuestAddress(DeviceArea));

    internal void Reset()
    {
        Size = 0;
        DescriptorArea = 0;
        DriverArea = 0;
        DeviceArea = 0;
        Ready = false;
    }
}
