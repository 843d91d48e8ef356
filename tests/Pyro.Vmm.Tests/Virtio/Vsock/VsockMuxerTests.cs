using System.Net.Sockets;
using Pyro.Kvm.Native;
using Pyro.Vmm.Memory;
using Pyro.Vmm.Virtio;
using Pyro.Vmm.Virtio.Vsock;

namespace Pyro.Vmm.Tests.Virtio.Vsock;

/// <summary>The path of a packet without the device's thread, so that this thread's allocations are the packets'.</summary>
public sealed unsafe class VsockMuxerTests : IDisposable
{
    private const ulong TransmitBuffer = 0x40000;
    private const ulong ReceiveBuffer = 0x60000;
    private const uint BufferBytes = 0x10000;

    private readonly GuestMemory _memory = GuestMemory.Create(1 << 20);
    private readonly Epoll _epoll = new();
    private readonly VsockCounters _counters = new();
    private readonly VsockMuxer _muxer;
    private readonly MockDriver _receiveDriver;
    private readonly MockDriver _transmitDriver;
    private readonly VirtQueue _receive;
    private readonly VirtQueue _transmit;
    private readonly string _folder = Directory.CreateTempSubdirectory("pyro-vsock-").FullName;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly Socket _host;
    private uint _sent;

    public VsockMuxerTests()
    {
        string path = Path.Combine(_folder, "v");
        _muxer = new VsockMuxer(3, new HostAddress(path), new VsockOptions(), _epoll, _counters);
        _receiveDriver = new MockDriver(_memory, 0x1000, 8);
        _transmitDriver = new MockDriver(_memory, 0x2000, 8);
        _receive = Open(_receiveDriver);
        _transmit = Open(_transmitDriver);

        _listener.Bind(new UnixDomainSocketEndPoint(path + "_9"));
        _listener.Listen();
        _host = Connect(8);
    }

    [Fact]
    public void A_packet_allocates_nothing_either_way()
    {
        Exchange(200);
        Assert.Equal(0, Allocations.Of(() => Exchange(2000)));
    }

    [Fact]
    public void A_slow_host_program_allocates_nothing_on_the_managed_heap()
    {
        Assert.Equal(0, Allocations.Of(() =>
        {
            for (int i = 0; i < 10; i++)
                FillAndDrain();
        }));
        Assert.Equal(0, _counters.Resets);
    }

    [Fact]
    public void Connections_take_turns()
    {
        Socket[] hosts = [_host, Connect(10), Connect(11)];
        byte[] data = new byte[100_000];
        foreach (Socket host in hosts)
            host.Send(data);
        Poll(0);
        var turns = new List<uint>();
        for (int i = 0; i < 9; i++)
        {
            VsockHeader header = Receive(10_000);
            Assert.Equal((VsockOp.RW, 10_000u - VsockHeader.ByteSize), (header.Op, header.Length));
            turns.Add(header.DestinationPort);
        }

        Assert.Equal([8u, 10u, 11u], turns[..3].Order());
        Assert.Equal([.. turns[..3], .. turns[..3], .. turns[..3]], turns);
        foreach (Socket host in hosts)
            host.Dispose();
    }

    public void Dispose()
    {
        _listener.Dispose();
        _muxer.Dispose();
        _epoll.Dispose();
        _host.Dispose();
        _memory.Dispose();
        Directory.Delete(_folder, true);
    }

    private VirtQueue Open(MockDriver driver)
    {
        Assert.True(VirtQueue.TryCreate(_memory, new RecordingTransport(), 0, driver.Layout, 8, VirtioFeatures.Transport, default, out VirtQueue? queue));
        return queue!;
    }

    private Socket Connect(uint guestPort)
    {
        Transmit(VsockOp.REQUEST, 0, guestPort);
        Assert.Equal(VsockOp.RESPONSE, Receive().Op);
        return _listener.Accept();
    }

    private void Exchange(int rounds)
    {
        Span<byte> data = stackalloc byte[1000];
        for (int i = 0; i < rounds; i++)
        {
            Transmit(VsockOp.RW, 1000);
            Take(data);
            Give(data);
            VsockHeader header = Receive();
            if (header.Op == VsockOp.CREDIT_UPDATE)
                header = Receive();
            Check(header.Op == VsockOp.RW && header.Length == 1000);
            _sent += 1000;
        }
    }

    private void FillAndDrain()
    {
        const int packet = 32 << 10;
        const int packets = 12; // the socket's buffer, and a part of the device's
        Span<byte> data = stackalloc byte[packet];
        for (int i = 0; i < packets; i++)
            Transmit(VsockOp.RW, packet);
        for (int left = packets * packet; left > 0;)
        {
            left -= (int)SocketCalls.recv(Descriptor, Pointer(data), (nuint)Math.Min(packet, left), 0);
            Poll(0);
        }

        while (_muxer.HasOutput)
            Check(Receive().Op == VsockOp.CREDIT_UPDATE);
    }

    private int Descriptor => (int)_host.SafeHandle.DangerousGetHandle();

    private void Take(Span<byte> data) => Check(SocketCalls.recv(Descriptor, Pointer(data), (nuint)data.Length, 0) == data.Length);

    private void Give(Span<byte> data) => Check(SocketCalls.send(Descriptor, Pointer(data), (nuint)data.Length, Uapi.MSG_NOSIGNAL) == data.Length);

    private void Poll(int timeout)
    {
        Span<epoll_event> events = stackalloc epoll_event[8];
        foreach (ref readonly epoll_event happened in events[.._epoll.Wait(events, timeout)])
            _muxer.OnHostEvent(happened.data, happened.events);
    }

    private void Transmit(VsockOp op, uint length, uint guestPort = 8)
    {
        _transmitDriver.Put(TransmitBuffer, new VsockHeader
        {
            SourceCid = 3, DestinationCid = 2, SourcePort = guestPort, DestinationPort = 9, Length = length, Type = 1, Op = op, BufAlloc = 1 << 20, FwdCnt = _sent,
        });
        _transmitDriver.Describe(0, TransmitBuffer, VsockHeader.ByteSize + length, 0);
        _transmitDriver.Publish(0);
        Check(_transmit.TryPop(out DescriptorChain chain));
        Check(chain.TryRead(0, out VsockHeader header));
        _muxer.Consume(header, chain);
        _transmit.AddUsed(chain.Head, 0);
    }

    private VsockHeader Receive(uint bufferBytes = BufferBytes)
    {
        if (!_muxer.HasOutput)
            Poll(1000);
        _receiveDriver.Describe(0, ReceiveBuffer, bufferBytes, MockDriver.Write);
        _receiveDriver.Publish(0);
        Check(_receive.TryPop(out DescriptorChain chain));
        Check(_muxer.TryProduce(chain, out uint written));
        _receive.AddUsed(chain.Head, written);
        return _receiveDriver.Get<VsockHeader>(ReceiveBuffer);
    }

    // SAFETY: every span here is on the stack.
    private static byte* Pointer(Span<byte> data)
    {
        fixed (byte* first = data)
            return first;
    }

    private static void Check(bool condition)
    {
        if (!condition)
            Assert.Fail("the exchange went wrong");
    }
}
