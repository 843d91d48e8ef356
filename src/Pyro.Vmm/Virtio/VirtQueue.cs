using Pyro.Kvm.Native;
using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Virtio;

/// <summary>The device's side of a split virtqueue, with indirect descriptors and event index (virtio 1.2, 2.7).</summary>
/// <remarks>
/// <para>The driver is hostile. Whatever it writes, the queue reads each value once, checks the copy, and at the first
/// thing a correct driver cannot do sets DEVICE_NEEDS_RESET and yields nothing more. It never throws for guest data.</para>
/// <para>One thread uses a queue. Nothing here allocates, except to say why a driver was given up on.</para>
/// </remarks>
public sealed unsafe class VirtQueue
{
    /// <summary>Entries of the largest queue a driver can make.</summary>
    public const ushort MaxSize = 1024;

    private readonly GuestMemory _memory;
    private readonly IVirtioTransport _transport;
    private readonly int _index;
    private readonly ushort _size;
    private readonly bool _indirect;
    private readonly bool _eventIndex;
    private readonly IoVector[] _pieces;
    private readonly IoVector[] _scratch;

    // SAFETY: the rings lie within guest memory, checked by TryCreate, aligned as the spec wants; ring positions are
    // masked by the size, table positions compared with it.
    private readonly vring_desc* _descriptors;
    private readonly ushort* _availFlags;
    private readonly ushort* _availIdx;
    private readonly ushort* _availRing;
    private readonly ushort* _usedEvent;
    private readonly ushort* _usedFlags;
    private readonly ushort* _usedIdx;
    private readonly vring_used_elem* _usedRing;
    private readonly ushort* _availEvent;

    private ushort _nextAvail;
    private ushort _nextUsed;
    private ushort _usedWhenAsked;
    private bool _asked;
    private volatile bool _stopped;

    private VirtQueue(
        GuestMemory memory, IVirtioTransport transport, int index, ushort size, ushort maxChain, ulong features, VirtQueueState state, byte* descriptors, byte* available, byte* used)
    {
        _memory = memory;
        _transport = transport;
        _index = index;
        _size = size;
        _indirect = (features & VirtioFeatures.VIRTIO_F_INDIRECT_DESC) != 0;
        _eventIndex = (features & VirtioFeatures.VIRTIO_F_EVENT_IDX) != 0;
        _pieces = new IoVector[maxChain];
        _scratch = new IoVector[maxChain];
        _nextAvail = state.NextAvailable;
        _nextUsed = state.NextUsed;

        _descriptors = (vring_desc*)descriptors;
        _availFlags = (ushort*)available;
        _availIdx = (ushort*)(available + 2);
        _availRing = (ushort*)(available + 4);
        _usedEvent = _availRing + size;
        _usedFlags = (ushort*)used;
        _usedIdx = (ushort*)(used + 2);
        _usedRing = (vring_used_elem*)(used + 4);
        _availEvent = (ushort*)(_usedRing + size);
    }

    /// <summary>Entries.</summary>
    public ushort Size => _size;

    /// <summary>Whether the driver broke the rules: nothing is taken from this queue any more.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>How far the device has come.</summary>
    public VirtQueueState State => new(_nextAvail, _nextUsed);

    /// <summary>Opens a queue that a driver has laid out.</summary>
    /// <param name="memory">The guest's memory.</param>
    /// <param name="transport">Where notifications and errors go.</param>
    /// <param name="index">The queue's number, for messages.</param>
    /// <param name="layout">What the driver says.</param>
    /// <param name="maxChain">The most pieces in a chain, indirect ones included: the size the device offered, at most <see cref="MaxSize"/>.</param>
    /// <param name="features">The features agreed on.</param>
    /// <param name="state">Where to go on; all zero for a new queue.</param>
    /// <param name="queue">The queue, or null.</param>
    /// <returns>False if the size is no power of two, or an area is misaligned or not in guest memory.</returns>
    public static bool TryCreate(
        GuestMemory memory, IVirtioTransport transport, int index, VirtQueueLayout layout, ushort maxChain, ulong features, VirtQueueState state, out VirtQueue? queue)
    {
        queue = null;
        uint size = layout.Size;
        if (size == 0 || size > MaxSize || (size & (size - 1)) != 0)
            return false;
        if (layout.DescriptorArea.Value % 16 != 0 || layout.DriverArea.Value % 2 != 0 || layout.DeviceArea.Value % 4 != 0)
            return false;
        if (!memory.TryGetPointer(layout.DescriptorArea, size * (uint)sizeof(vring_desc), out byte* descriptors)
            || !memory.TryGetPointer(layout.DriverArea, 6 + (size * sizeof(ushort)), out byte* available)
            || !memory.TryGetPointer(layout.DeviceArea, 6 + (size * (uint)sizeof(vring_used_elem)), out byte* used))
            return false;

        queue = new VirtQueue(memory, transport, index, layout.Size, maxChain, features, state, descriptors, available, used);
        return true;
    }

    /// <summary>Takes the driver's next request.</summary>
    /// <param name="chain">The request, good until the next call.</param>
    /// <returns>False if there is none, or the queue is broken or stopped.</returns>
    public bool TryPop(out DescriptorChain chain)
    {
        chain = default;
        if (IsBroken || _stopped)
            return false;

        // Acquire: what the driver wrote before it published the index is read after it.
        ushort waiting = (ushort)(Volatile.Read(ref *_availIdx) - _nextAvail);
        if (waiting == 0)
            return false;
        if (waiting > _size)
            return Break("the available index jumps");

        ushort head = _availRing[_nextAvail & (_size - 1)];
        if (!TryWalk(head, out int readable, out int writable))
            return false;

        _nextAvail++;
        chain = new DescriptorChain(head, _pieces.AsSpan(0, readable), _pieces.AsSpan(readable, writable), _scratch);
        return true;
    }

    /// <summary>Puts the request taken last back, to be taken again: there was nothing to answer it with.</summary>
    public void UndoPop() => _nextAvail--;

    /// <summary>Gives a request back to the driver.</summary>
    /// <param name="head">The chain's <see cref="DescriptorChain.Head"/>.</param>
    /// <param name="written">Bytes written to the front of the writable part.</param>
    public void AddUsed(ushort head, uint written)
    {
        vring_used_elem* element = &_usedRing[_nextUsed & (_size - 1)];
        element->id = head;
        element->len = written;
        _nextUsed++;
        // Release: the element, and the data written for it, are visible before the index.
        Volatile.Write(ref *_usedIdx, _nextUsed);
    }

    /// <summary>Interrupts the driver if it wants to know of the requests given back since the last call.</summary>
    public void NotifyUsed()
    {
        if (WantsInterrupt())
            _transport.SignalUsed();
    }

    /// <summary>Tells the driver that it need not notify: the device is looking anyway.</summary>
    public void DisableNotifications()
    {
        // With event index there is nothing to do: avail_event stays behind and asks for nothing.
        if (!_eventIndex)
            Volatile.Write(ref *_usedFlags, Uapi.VRING_USED_F_NO_NOTIFY);
    }

    /// <summary>Asks the driver to notify of the next request.</summary>
    /// <returns>True if one came before the driver could see that: look again.</returns>
    public bool EnableNotifications()
    {
        if (IsBroken || _stopped)
            return false;
        if (_eventIndex)
            Volatile.Write(ref *_availEvent, _nextAvail);
        else
            Volatile.Write(ref *_usedFlags, 0);

        // A full fence: the store must be visible before the index is read again, or both sides go to sleep
        // (virtio 1.2, 2.7.7.2).
        Interlocked.MemoryBarrier();
        return Volatile.Read(ref *_availIdx) != _nextAvail;
    }

    /// <summary>How many requests the driver has ever published, modulo 65536.</summary>
    internal ushort Published => Volatile.Read(ref *_availIdx);

    /// <summary>Asks the driver to notify of the next request it publishes, though there are others that nobody has taken.</summary>
    internal void NotifyOfNext()
    {
        if (_eventIndex)
            Volatile.Write(ref *_availEvent, Published);
        else
            Volatile.Write(ref *_usedFlags, 0);
        Interlocked.MemoryBarrier();
    }

    /// <summary>Has the queue yield nothing more, so that its thread can end however fast the driver goes on. Called on any thread.</summary>
    public void Stop() => _stopped = true;

    private bool WantsInterrupt()
    {
        // A full fence: the used index must be visible before used_event or the flags are read (virtio 1.2, 2.7.7.2).
        Interlocked.MemoryBarrier();
        ushort before = _usedWhenAsked;
        bool first = !_asked;
        _usedWhenAsked = _nextUsed;
        _asked = true;
        if (_nextUsed == before && !first)
            return false;
        if (!_eventIndex)
            return (Volatile.Read(ref *_availFlags) & Uapi.VRING_AVAIL_F_NO_INTERRUPT) == 0;

        ushort wanted = Volatile.Read(ref *_usedEvent);
        return first || (ushort)(_nextUsed - wanted - 1) < (ushort)(_nextUsed - before);
    }

    private bool TryWalk(ushort head, out int readable, out int writable)
    {
        readable = 0;
        writable = 0;
        vring_desc* table = _descriptors;
        uint tableSize = _size;
        uint at = head;
        bool inIndirect = false;
        bool seenWritable = false;
        ulong total = 0;

        for (int count = 0; ;)
        {
            if (at >= tableSize)
                return Break("a descriptor index is beyond its table");

            // SAFETY: the table lies in guest memory and holds tableSize descriptors. Each field is read once.
            ulong address = table[at].addr;
            uint length = table[at].len;
            ushort flags = table[at].flags;
            ushort next = table[at].next;

            if ((flags & Uapi.VRING_DESC_F_INDIRECT) != 0)
            {
                if (!_indirect || inIndirect || (flags & Uapi.VRING_DESC_F_NEXT) != 0)
                    return Break("an indirect descriptor where none may be");
                if (length == 0 || length % (uint)sizeof(vring_desc) != 0)
                    return Break("an indirect table's length is no multiple of 16");
                if (!_memory.TryGetPointer(new GuestAddress(address), length, out byte* indirect))
                    return Break("an indirect table is outside guest memory");
                table = (vring_desc*)indirect;
                tableSize = length / (uint)sizeof(vring_desc);
                at = 0;
                inIndirect = true;
                continue;
            }

            if (++count > _pieces.Length)
                return Break("a chain is a loop, or too long");
            bool write = (flags & Uapi.VRING_DESC_F_WRITE) != 0;
            if (seenWritable && !write)
                return Break("a readable descriptor follows a writable one");
            seenWritable = write;

            if (length != 0)
            {
                if (!_memory.TryGetPointer(new GuestAddress(address), length, out byte* host))
                    return Break("a buffer is outside guest memory");
                total += length;
                if (total > uint.MaxValue)
                    return Break("a chain is longer than 4 GiB");
                _pieces[readable + writable] = new IoVector((nint)host, length);
                if (write)
                    writable++;
                else
                    readable++;
            }

            if ((flags & Uapi.VRING_DESC_F_NEXT) == 0)
                return true;
            at = next;
        }
    }

    private bool Break(string reason)
    {
        IsBroken = true;
        _transport.SetNeedsReset($"queue {_index}: {reason}");
        return false;
    }
}
