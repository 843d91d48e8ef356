using Pyro.Vmm.Memory;
using Pyro.Vmm.Snapshots;

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

    /// <summary>Where the device goes on in the queue when it is started.</summary>
    internal VirtQueueState State;

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
        State = default;
    }

    internal void Save(StateWriter state)
    {
        state.Write(Size);
        state.Write(DescriptorArea);
        state.Write(DriverArea);
        state.Write(DeviceArea);
        state.Write(Ready ? 1u : 0);
        state.Write(State);
    }

    internal void Restore(ref StateReader state)
    {
        Size = state.Read<uint>();
        DescriptorArea = state.Read<ulong>();
        DriverArea = state.Read<ulong>();
        DeviceArea = state.Read<ulong>();
        Ready = state.Read<uint>() != 0;
        State = state.Read<VirtQueueState>();
        if (Ready && !SizeIsValid)
            throw state.Damaged();
    }
}
