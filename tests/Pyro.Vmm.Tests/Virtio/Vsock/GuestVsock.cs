using System.Runtime.InteropServices;
using Pyro.Kvm.Native;
using Pyro.Vmm.Memory;
using Pyro.Vmm.Virtio;
using Pyro.Vmm.Virtio.Vsock;

namespace Pyro.Vmm.Tests.Virtio.Vsock;

/// <summary>
/// The guest's side of a vsock device: a driver over real registers and queues, with a thread for its interrupts and
/// sockets on top that behave as Linux's do.
/// </summary>
internal sealed class GuestVsock : IInterruptLine, IDisposable
{
    internal const ulong Cid = 3;
    internal const ushort QueueSize = 128;
    internal const int TransmitSlots = 32;
    internal const int MaxPayload = 64 << 10;

    private const ulong QueuesAt = 0x10000;
    private const ulong ReceiveBuffersAt = 1 << 20;
    private const ulong TransmitBuffersAt = 4 << 20;
    private const ulong MemorySize = 8 << 20;

    private readonly RegisterPages _registers = new(1);
    private readonly MockDriver[] _queues = new MockDriver[3];
    private readonly SemaphoreSlim _interrupts = new(0);
    private readonly Stack<int> _freeSlots = new();
    private readonly Dictionary<ulong, GuestSocket> _sockets = [];
    private readonly Dictionary<uint, Queue<GuestSocket>> _listeners = [];
    private readonly Thread _thread;
    private readonly uint _receiveBufferBytes;
    private bool _eventIndex;
    private volatile bool _stopping;
    private bool _receiving = true;
    private bool _takingEvents = true;
    private uint _nextPort = 50000;

    internal GuestVsock(VirtioVsock device, ulong features = VirtioFeatures.Transport, uint receiveBufferBytes = 4096)
    {
        _receiveBufferBytes = receiveBufferBytes;
        Memory = GuestMemory.Create(MemorySize);
        Device = device;
        Transport = new VirtioMmioDevice(device, Memory, this, _registers.Window(0), reason => NeedsReset = reason);
        _thread = new Thread(HandleInterrupts) { IsBackground = true, Name = "mock guest" };
        Start(features);
        _thread.Start();
    }

    internal Lock Sync { get; } = new();

    internal GuestMemory Memory { get; }

    internal VirtioVsock Device { get; }

    internal VirtioMmioDevice Transport { get; }

    internal string? NeedsReset { get; private set; }

    /// <summary>Why a packet of the device was wrong, if one was.</summary>
    internal string? Violation { get; private set; }

    /// <summary>Packets of the device that are for no socket, oldest first, while anybody wants them.</summary>
    internal List<VsockHeader>? Strays { get; set; }

    internal int TransportResets { get; private set; }

    internal MockDriver ReceiveQueue => _queues[0];

    internal MockDriver TransmitQueue => _queues[1];

    public void Trigger() => _interrupts.Release();

    internal GuestSocket? Connect(uint hostPort)
    {
        GuestSocket socket;
        lock (Sync)
        {
            socket = new GuestSocket(this, _nextPort++, hostPort);
            _sockets.Add(socket.Key, socket);
            socket.Send(VsockOp.REQUEST);
        }

        return socket.WaitForAnswer() ? socket : null;
    }

    internal void Listen(uint port)
    {
        lock (Sync)
            _listeners.Add(port, new Queue<GuestSocket>());
    }

    internal GuestSocket Accept(uint port)
    {
        GuestSocket? socket = null;
        Eventually.True(() =>
        {
            lock (Sync)
                return _listeners[port].TryDequeue(out socket);
        });
        return socket!;
    }

    /// <summary>Stops or goes on giving the device buffers back that it has filled.</summary>
    internal void SetReceiving(bool on)
    {
        lock (Sync)
            _receiving = on;
        Trigger();
    }

    /// <summary>Stops or goes on reading of transport resets.</summary>
    internal void SetTakingEvents(bool on)
    {
        lock (Sync)
            _takingEvents = on;
        Trigger();
    }

    internal void Forget(GuestSocket socket) => _sockets.Remove(socket.Key);

    /// <summary>Sends a packet, waiting for room in the queue. Called with <see cref="Sync"/> held.</summary>
    internal void Transmit(in VsockHeader header, ReadOnlySpan<byte> payload)
    {
        while (!TryTransmit(header, payload) && NeedsReset is null)
            Thread.Sleep(1);
    }

    internal bool TryTransmit(in VsockHeader header, ReadOnlySpan<byte> payload)
    {
        while (TransmitQueue.TryTakeUsed(out uint id, out _))
            _freeSlots.Push((int)id / 2);
        if (!_freeSlots.TryPop(out int slot))
            return false;

        ulong at = TransmitBuffersAt + ((ulong)slot * (VsockHeader.ByteSize + MaxPayload));
        TransmitQueue.Put(at, header);
        payload.CopyTo(Memory.GetSpan(new GuestAddress(at + VsockHeader.ByteSize), (uint)payload.Length));
        // Header and payload in two pieces, as old Linux has it, or in one, as new Linux does.
        if ((slot & 1) == 0 && payload.Length > 0)
        {
            TransmitQueue.Describe(slot * 2, at, VsockHeader.ByteSize, MockDriver.Next, (slot * 2) + 1);
            TransmitQueue.Describe((slot * 2) + 1, at + VsockHeader.ByteSize, (uint)payload.Length, 0);
        }
        else
        {
            TransmitQueue.Describe(slot * 2, at, (uint)(VsockHeader.ByteSize + payload.Length), 0);
        }

        Publish(1, slot * 2);
        return true;
    }

    /// <summary>Makes a chain available and notifies as the device wants it.</summary>
    internal void Publish(int queue, int head)
    {
        MockDriver driver = _queues[queue];
        ushort before = driver.AvailableIndex;
        driver.Publish(head);
        Thread.MemoryBarrier();
        bool wanted = _eventIndex
            ? (ushort)(before + 1 - driver.AvailableEvent - 1) < 1
            : driver.UsedFlags == 0;
        if (wanted)
            Transport.QueueNotifiers[queue].Signal();
    }

    /// <summary>Lays the device's queues out anew, with nothing in them.</summary>
    internal void Restart(ulong features)
    {
        lock (Sync)
        {
            Register(Uapi.VIRTIO_MMIO_STATUS, 0);
            _sockets.Clear();
            _listeners.Clear();
            Start(features);
        }
    }

    public void Dispose()
    {
        _stopping = true;
        Trigger();
        _thread.Join();
        Transport.Dispose();
        _registers.Dispose();
        Memory.Dispose();
        _interrupts.Dispose();
    }

    private void Start(ulong features)
    {
        _eventIndex = (features & VirtioFeatures.VIRTIO_F_EVENT_IDX) != 0;
        Register(Uapi.VIRTIO_MMIO_STATUS, (uint)VirtioStatus.ACKNOWLEDGE);
        Register(Uapi.VIRTIO_MMIO_STATUS, (uint)(VirtioStatus.ACKNOWLEDGE | VirtioStatus.DRIVER));
        for (uint half = 0; half < 2; half++)
        {
            Register(Uapi.VIRTIO_MMIO_DRIVER_FEATURES_SEL, half);
            Register(Uapi.VIRTIO_MMIO_DRIVER_FEATURES, (uint)(features >> (int)(32 * half)));
        }

        VirtioStatus ready = VirtioStatus.ACKNOWLEDGE | VirtioStatus.DRIVER | VirtioStatus.FEATURES_OK;
        Register(Uapi.VIRTIO_MMIO_STATUS, (uint)ready);
        ulong at = QueuesAt;
        for (int i = 0; i < 3; i++)
        {
            _queues[i] = new MockDriver(Memory, at, i == 2 ? (ushort)8 : QueueSize);
            at = (_queues[i].End + 15) / 16 * 16;
            VirtQueueLayout layout = _queues[i].Layout;
            Register(Uapi.VIRTIO_MMIO_QUEUE_SEL, (uint)i);
            Register(Uapi.VIRTIO_MMIO_QUEUE_NUM, layout.Size);
            Register(Uapi.VIRTIO_MMIO_QUEUE_DESC_LOW, (uint)layout.DescriptorArea.Value);
            Register(Uapi.VIRTIO_MMIO_QUEUE_AVAIL_LOW, (uint)layout.DriverArea.Value);
            Register(Uapi.VIRTIO_MMIO_QUEUE_USED_LOW, (uint)layout.DeviceArea.Value);
            Register(Uapi.VIRTIO_MMIO_QUEUE_READY, 1);
        }

        _freeSlots.Clear();
        for (int slot = 0; slot < TransmitSlots; slot++)
            _freeSlots.Push(slot);
        Register(Uapi.VIRTIO_MMIO_STATUS, (uint)(ready | VirtioStatus.DRIVER_OK));
        for (int i = 0; i < QueueSize; i++)
            GiveReceiveBuffer(i);
        for (int i = 0; i < 8; i++)
        {
            _queues[2].Describe(i, at + (8 * (ulong)i), 8, MockDriver.Write);
            Publish(2, i);
        }
    }

    private void GiveReceiveBuffer(int index)
    {
        ulong at = ReceiveBuffersAt + ((ulong)index * _receiveBufferBytes);
        ReceiveQueue.Describe(index, at, _receiveBufferBytes, MockDriver.Write);
        Publish(0, index);
    }

    private void HandleInterrupts()
    {
        while (!_stopping)
        {
            _interrupts.Wait();
            lock (Sync)
            {
                if (_stopping)
                    return;
                byte[] status = new byte[4];
                Transport.Read(Uapi.VIRTIO_MMIO_INTERRUPT_STATUS, status);
                Transport.Write(Uapi.VIRTIO_MMIO_INTERRUPT_ACK, status);
                do
                    TakePackets();
                while (WantInterrupts());
            }
        }
    }

    /// <returns>True if more came before the device could see that it is wanted.</returns>
    private bool WantInterrupts()
    {
        if (!_receiving)
            return false;
        ReceiveQueue.UsedEvent = ReceiveQueue.UsedSeen;
        TransmitQueue.UsedEvent = TransmitQueue.UsedSeen;
        _queues[2].UsedEvent = _queues[2].UsedSeen;
        Thread.MemoryBarrier();
        return ReceiveQueue.UsedIndex != ReceiveQueue.UsedSeen || (_takingEvents && _queues[2].UsedIndex != _queues[2].UsedSeen);
    }

    private void TakePackets()
    {
        while (_takingEvents && _queues[2].TryTakeUsed(out uint head, out uint written))
        {
            TransportResets++;
            if (written != 4)
                Violation ??= $"an event of {written} bytes";
            _sockets.Clear();
            Publish(2, (int)head);
        }

        while (_receiving && ReceiveQueue.TryTakeUsed(out uint id, out uint length))
        {
            ulong at = ReceiveBuffersAt + (id * _receiveBufferBytes);
            if (length >= VsockHeader.ByteSize)
            {
                VsockHeader header = ReceiveQueue.Get<VsockHeader>(at);
                if (length != VsockHeader.ByteSize + header.Length || header.DestinationCid != Cid)
                    Violation ??= $"a packet of {length} bytes with {header.Length} bytes of payload to CID {header.DestinationCid}";
                else
                    Take(header, Memory.GetSpan(new GuestAddress(at + VsockHeader.ByteSize), header.Length));
            }
            else
            {
                Violation ??= $"a packet of {length} bytes";
            }

            GiveReceiveBuffer((int)id);
        }
    }

    private void Take(in VsockHeader header, ReadOnlySpan<byte> payload)
    {
        if (_sockets.TryGetValue(GuestSocket.KeyOf(header.DestinationPort, header.SourcePort), out GuestSocket? socket) && header.SourceCid == 2)
        {
            socket.OnPacket(header, payload);
            return;
        }

        Strays?.Add(header);
        if (header.Op == VsockOp.REQUEST && _listeners.TryGetValue(header.DestinationPort, out Queue<GuestSocket>? listener))
        {
            socket = new GuestSocket(this, header.DestinationPort, header.SourcePort);
            _sockets.Add(socket.Key, socket);
            socket.OnPacket(header, payload);
            socket.Send(VsockOp.RESPONSE);
            listener.Enqueue(socket);
        }
        else if (header.Op != VsockOp.RST && Strays is null)
        {
            Transmit(
                new VsockHeader
                {
                    SourceCid = Cid,
                    DestinationCid = header.SourceCid,
                    SourcePort = header.DestinationPort,
                    DestinationPort = header.SourcePort,
                    Type = header.Type,
                    Op = VsockOp.RST,
                },
                default);
        }
    }

    internal void Violate(string what) => Violation ??= what;

    private void Register(ulong offset, uint value) =>
        Transport.Write(offset, MemoryMarshal.AsBytes(new ReadOnlySpan<uint>(in value)));
}
