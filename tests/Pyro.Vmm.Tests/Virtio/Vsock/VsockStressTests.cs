using System.Net.Sockets;
using System.Security.Cryptography;
using Pyro.Vmm.Virtio;
using Pyro.Vmm.Virtio.Vsock;

namespace Pyro.Vmm.Tests.Virtio.Vsock;

public sealed class VsockStressTests
{
    private const int ManyBytes = 64 << 20;

    [Theory]
    [InlineData(4096, VirtioFeatures.Transport)]
    [InlineData(20_000, VirtioFeatures.VIRTIO_F_VERSION_1)]
    public async Task Sixty_four_MiB_each_way_at_once_arrive_as_they_were_sent(uint receiveBufferBytes, ulong features)
    {
        using var bench = new VsockBench(features: features, receiveBufferBytes: receiveBufferBytes);
        (Socket host, GuestSocket guest) = bench.Pair();
        byte[] down = RandomBytes(1, ManyBytes);
        byte[] up = RandomBytes(2, ManyBytes);

        Task sendDown = Task.Factory.StartNew(() => SendInParts(host, down), TaskCreationOptions.LongRunning);
        Task<bool> sendUp = Task.Factory.StartNew(
            () =>
            {
                bool sent = guest.SendAll(up);
                guest.Shutdown(VsockShutdown.SEND);
                return sent;
            },
            TaskCreationOptions.LongRunning);
        Task<byte[]> hashDown = Task.Factory.StartNew(() => Hash(into => guest.Receive(into)), TaskCreationOptions.LongRunning);
        Task<byte[]> hashUp = Task.Factory.StartNew(() => Hash(into => host.Receive(into)), TaskCreationOptions.LongRunning);

        await sendDown;
        Assert.True(await sendUp);
        Assert.Equal(SHA256.HashData(down), await hashDown);
        Assert.Equal(SHA256.HashData(up), await hashUp);
        Assert.Equal((ManyBytes, ManyBytes), (bench.Statistics.BytesToGuest, bench.Statistics.BytesFromGuest));
        Assert.Null(bench.Guest.Violation);
        Assert.Null(bench.Guest.NeedsReset);
    }

    [Fact]
    public void Hundreds_of_connections_at_once_each_get_their_own_bytes()
    {
        const int each = 150;
        const int bytes = 40_000;
        using var bench = new VsockBench();
        bench.Guest.Listen(1024);
        using Socket listener = bench.ListenForGuest(1025);
        var threads = new List<Thread>();
        int wrong = 0;
        int done = 0;

        // The guest echoes what host programs say, host programs echo what the guest says.
        for (int i = 0; i < each; i++)
        {
            int seed = i;
            Start(() =>
            {
                Socket host = bench.ConnectSaying("CONNECT 1024\n");
                VsockBench.ReadLine(host);
                byte[] data = RandomBytes(seed, bytes);
                host.Send(data);
                Check(VsockBench.ReceiveExactly(host, bytes).AsSpan().SequenceEqual(data));
            });
            Start(() =>
            {
                GuestSocket guest = bench.Guest.Accept(1024);
                guest.SendAll(guest.ReceiveExactly(bytes));
                Check(true);
            });
            Start(() =>
            {
                GuestSocket guest = bench.Guest.Connect(1025)!;
                byte[] data = RandomBytes(seed + 1000, bytes);
                guest.SendAll(data);
                Check(guest.ReceiveExactly(bytes).AsSpan().SequenceEqual(data));
                guest.Close();
            });
            Start(() =>
            {
                Socket host;
                lock (listener)
                    host = listener.Accept();
                using (host)
                {
                    host.Send(VsockBench.ReceiveExactly(host, bytes));
                    Check(VsockBench.IsClosed(host));
                }
            });
        }

        foreach (Thread thread in threads)
            Assert.True(thread.Join(60_000));
        Assert.Equal((0, 4 * each), (wrong, done));
        Assert.Equal((each, each, 0L), (bench.Statistics.FromHost, bench.Statistics.FromGuest, bench.Statistics.Resets));
        Eventually.True(() => bench.Statistics.Connections == each);
        Assert.Null(bench.Guest.Violation);

        void Start(Action body)
        {
            var thread = new Thread(
                () =>
                {
                    try
                    {
                        body();
                    }
                    catch (Exception)
                    {
                        Check(false);
                    }
                },
                256 << 10) { IsBackground = true };
            threads.Add(thread);
            thread.Start();
        }

        void Check(bool right)
        {
            Interlocked.Increment(ref done);
            if (!right)
                Interlocked.Increment(ref wrong);
        }
    }

    [Fact]
    public void Connections_that_come_and_go_leave_nothing_behind()
    {
        using var bench = new VsockBench(new VsockOptions { MaxConnections = 8 });
        bench.Guest.Listen(1024);
        using Socket listener = bench.ListenForGuest(1025);
        for (int i = 0; i < 500; i++)
        {
            using (Socket host = bench.Connect(1024))
                host.Send("x"u8);
            bench.Guest.Accept(1024);
            GuestSocket guest = bench.Guest.Connect(1025)!;
            using (Socket other = listener.Accept())
            {
                if (i % 3 == 0)
                    guest.Reset();
                else if (i % 3 == 1)
                    guest.Close();
            }
        }

        Eventually.True(() => bench.Statistics.Connections == 0);
        Assert.Equal((500L, 500L, 0L), (bench.Statistics.FromHost, bench.Statistics.FromGuest, bench.Statistics.Refused));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Hostile_packets_hurt_nobody_but_their_own_connection(int seed)
    {
        const int cases = 10_000;
        using var bench = new VsockBench(new VsockOptions { MaxConnections = 64, ConnectTimeout = 50, CloseTimeout = 50 });
        using Socket listener = bench.ListenForGuest(1025);
        (Socket host, GuestSocket good) = bench.Pair();
        bench.Guest.Strays = [];
        var accepting = new Thread(() => CloseAll(listener)) { IsBackground = true };
        accepting.Start();

        var random = new Random(seed);
        byte[] payload = new byte[5000];
        for (int i = 0; i < cases; i++)
        {
            bool taken;
            lock (bench.Guest.Sync)
            {
                VsockHeader header = HostileHeader(random, good);
                random.NextBytes(payload.AsSpan(0, 64));
                int length = random.Next(4) == 0 ? random.Next(payload.Length) : (int)Math.Min(header.Length, (uint)payload.Length);
                taken = bench.Guest.TryTransmit(header, payload.AsSpan(0, length));
                if (bench.Guest.Strays.Count > 1000)
                    bench.Guest.Strays.Clear();
            }

            if (!taken)
                Thread.Sleep(1);
            if (i % 500 == 0)
                PingPong(host, good);
        }

        PingPong(host, good);
        Assert.Null(bench.Guest.NeedsReset);
        Assert.Null(bench.Guest.Violation);
        bench.Guest.Strays = null;
        listener.Dispose();
        accepting.Join();
        good.Close();
        bench.AssertStillWorks(1);
    }

    [Fact]
    public void A_guest_that_sends_without_receiving_cannot_fill_memory()
    {
        using var bench = new VsockBench();
        (Socket host, GuestSocket good) = bench.Pair();
        bench.Guest.Strays = [];
        bench.Guest.SetReceiving(false);
        int sent = 0;
        long last = Environment.TickCount64;
        while (Environment.TickCount64 - last < 300)
        {
            bool taken;
            lock (bench.Guest.Sync)
            {
                taken = bench.Guest.TryTransmit(
                    new VsockHeader { SourceCid = 3, DestinationCid = 2, SourcePort = (uint)sent, DestinationPort = 9, Type = 1, Op = VsockOp.RW }, default);
            }

            if (taken)
            {
                sent++;
                last = Environment.TickCount64;
            }
            else
            {
                Thread.Sleep(1);
            }
        }

        // The driver's receive buffers, the device's queue of resets, the driver's transmit slots.
        Assert.InRange(sent, 128, 128 + 256 + GuestVsock.TransmitSlots);
        bench.Guest.SetReceiving(true);
        PingPong(host, good);
        Eventually.True(() =>
        {
            lock (bench.Guest.Sync)
                return bench.Guest.Strays.Count == sent;
        });
    }

    [Fact]
    public void Receive_buffers_without_room_for_a_header_are_given_back_empty()
    {
        using var bench = new VsockBench(receiveBufferBytes: 40);
        lock (bench.Guest.Sync)
            bench.Guest.Transmit(new VsockHeader { SourceCid = 3, DestinationCid = 2, SourcePort = 1, DestinationPort = 9, Type = 1, Op = VsockOp.RW }, default);
        Eventually.True(() => bench.Guest.Violation == "a packet of 0 bytes");
        Assert.True(bench.Statistics.Malformed > 0);
        Assert.Null(bench.Guest.NeedsReset);
    }

    [Fact]
    public void Receive_buffers_with_room_for_a_header_alone_carry_no_data_and_no_harm()
    {
        using var bench = new VsockBench(receiveBufferBytes: 44);
        (Socket host, GuestSocket guest) = bench.Pair();
        host.Send("never arrives"u8);
        Assert.True(guest.SendAll("arrives"u8));
        Assert.Equal("arrives"u8, VsockBench.ReceiveExactly(host, 7));
        Assert.Equal(0, bench.Statistics.BytesToGuest);
    }

    private static void PingPong(Socket host, GuestSocket guest)
    {
        host.Send("ping"u8);
        Assert.Equal("ping"u8, guest.ReceiveExactly(4));
        Assert.True(guest.SendAll("pong"u8));
        Assert.Equal("pong"u8, VsockBench.ReceiveExactly(host, 4));
    }

    private static VsockHeader HostileHeader(Random random, GuestSocket good)
    {
        var header = new VsockHeader
        {
            SourceCid = random.Next(10) == 0 ? (ulong)random.NextInt64() : 3,
            DestinationCid = random.Next(10) == 0 ? (ulong)random.Next(5) : 2,
            SourcePort = random.Next(5) == 0 ? (uint)random.Next() : (uint)random.Next(60_000, 60_100),
            DestinationPort = random.Next(5) == 0 ? (uint)random.Next() : 1025,
            Length = random.Next(3) switch { 0 => 0, 1 => (uint)random.Next(5000), _ => (uint)random.NextInt64(1L << 32) },
            Type = (ushort)(random.Next(10) == 0 ? random.Next(1 << 16) : 1),
            Op = (VsockOp)(random.Next(10) == 0 ? random.Next(1 << 16) : random.Next(8)),
            Flags = random.Next(2) == 0 ? (uint)random.Next(4) : (uint)random.NextInt64(1L << 32),
            BufAlloc = (uint)random.NextInt64(1L << 32),
            FwdCnt = (uint)random.NextInt64(1L << 32),
        };
        if (header.Op != VsockOp.RW && random.Next(2) == 0)
            header.Length = 0;
        if (header.SourcePort == good.Port && header.DestinationPort == good.HostPort)
            header.SourcePort++;
        return header;
    }

    private static void CloseAll(Socket listener)
    {
        var random = new Random(5);
        var held = new Queue<Socket>();
        byte[] some = new byte[3000];
        try
        {
            while (true)
            {
                Socket socket = listener.Accept();
                held.Enqueue(socket);
                socket.Blocking = false;
                try
                {
                    socket.Send(some);
                    if (random.Next(2) == 0)
                        socket.Receive(some);
                    if (random.Next(3) == 0)
                        socket.Shutdown((SocketShutdown)random.Next(3));
                }
                catch (SocketException)
                {
                    // The guest was quicker.
                }

                if (held.Count > 20)
                    held.Dequeue().Dispose();
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            foreach (Socket socket in held)
                socket.Dispose();
        }
    }

    private static void SendInParts(Socket host, byte[] data)
    {
        var random = new Random(3);
        for (int done = 0; done < data.Length;)
        {
            int part = Math.Min(random.Next(1, 200_000), data.Length - done);
            done += host.Send(data.AsSpan(done, part));
        }

        host.Shutdown(SocketShutdown.Send);
    }

    private static byte[] Hash(Func<byte[], int> receive)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] part = new byte[100_000];
        for (int count; (count = receive(part)) > 0;)
            hash.AppendData(part, 0, count);
        return hash.GetHashAndReset();
    }

    private static byte[] RandomBytes(int seed, int count)
    {
        byte[] data = new byte[count];
        new Random(seed).NextBytes(data);
        return data;
    }
}
