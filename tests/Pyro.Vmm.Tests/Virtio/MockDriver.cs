using Pyro.Vmm.Memory;
using Pyro.Vmm.Virtio;

namespace Pyro.Vmm.Tests.Virtio;

/// <summary>Plays the guest's side of one split queue in guest memory, well-behaved or not.</summary>
internal sealed class MockDriver
{
    internal const ushort Next = 1;
    internal const ushort Write = 2;
    internal const ushort Indirect = 4;

    private readonly GuestMemory _memory;
    private ushort _usedSeen;

    internal MockDriver(GuestMemory memory, ulong at, ushort size)
    {
        _memory = memory;
        ulong available = at + (16UL * size);
        ulong used = (available + 6 + (2UL * size) + 3) / 4 * 4;
        Layout = new VirtQueueLayout(size, new GuestAddress(at), new GuestAddress(available), new GuestAddress(used));
        End = used + 6 + (8UL * size);
        Clear();
    }

    internal VirtQueueLayout Layout { get; }

    /// <summary>The first address behind the queue.</summary>
    internal ulong End { get; }

    internal ushort AvailableIndex
    {
        get => Get<ushort>(Layout.DriverArea.Value + 2);
        set => Put(Layout.DriverArea.Value + 2, value);
    }

    internal ushort AvailableFlags
    {
        set => Put(Layout.DriverArea.Value, value);
    }

    internal ushort UsedEvent
    {
        set => Put(Layout.DriverArea.Value + 4 + (2UL * Layout.Size), value);
    }

    internal ushort UsedFlags => Get<ushort>(Layout.DeviceArea.Value);

    internal ushort UsedIndex => Get<ushort>(Layout.DeviceArea.Value + 2);

    internal ushort AvailableEvent => Get<ushort>(Layout.DeviceArea.Value + 4 + (8UL * Layout.Size));

    /// <summary>Where this driver has got to in the used ring.</summary>
    internal ushort UsedSeen => _usedSeen;

    internal void Clear()
    {
        _memory.GetSpan(Layout.DescriptorArea, (uint)(End - Layout.DescriptorArea.Value)).Clear();
        _usedSeen = 0;
    }

    /// <summary>Starts both rings at an index, to come to the wrap-around sooner.</summary>
    internal void StartAt(ushort index)
    {
        AvailableIndex = index;
        Put(Layout.DeviceArea.Value + 2, index);
        _usedSeen = index;
    }

    internal void Describe(int index, ulong address, uint length, int flags, int next = 0) =>
        Describe(Layout.DescriptorArea.Value, index, address, length, flags, next);

    internal void Describe(ulong table, int index, ulong address, uint length, int flags, int next = 0)
    {
        ulong at = table + (16UL * (uint)index);
        Put(at, address);
        Put(at + 8, length);
        Put(at + 12, (ushort)flags);
        Put(at + 14, (ushort)next);
    }

    internal void Publish(int head)
    {
        ushort index = AvailableIndex;
        Put(Layout.DriverArea.Value + 4 + (2UL * (uint)(index & (Layout.Size - 1))), (ushort)head);
        Thread.MemoryBarrier();
        AvailableIndex = (ushort)(index + 1);
    }

    internal bool TryTakeUsed(out uint id, out uint length)
    {
        id = length = 0;
        if (UsedIndex == _usedSeen)
            return false;
        Thread.MemoryBarrier();
        ulong at = Layout.DeviceArea.Value + 4 + (8UL * (uint)(_usedSeen & (Layout.Size - 1)));
        id = Get<uint>(at);
        length = Get<uint>(at + 4);
        _usedSeen++;
        return true;
    }

    internal T Get<T>(ulong address)
        where T : unmanaged
    {
        Assert.True(_memory.TryRead(new GuestAddress(address), out T value));
        return value;
    }

    internal void Put<T>(ulong address, T value)
        where T : unmanaged => Assert.True(_memory.TryWrite(new GuestAddress(address), value));
}
