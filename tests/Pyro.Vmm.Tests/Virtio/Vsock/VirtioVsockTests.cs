using System.Buffers.Binary;
using System.Net.Sockets;
using Pyro.Kvm.Native;
using Pyro.Vmm.Memory;
using Pyro.Vmm.Virtio;
using Pyro.Vmm.Virtio.Vsock;

namespace Pyro.Vmm.Tests.Virtio.Vsock;

public sealed class VirtioVsockTests
{
    [Fact]
    public void The_configuration_is_the_guests_cid()
    {
        using var device = new VirtioVsock(0xfedcba98, null, null);
        byte[] config = new byte[8];
        device.ReadConfig(0, config);
        Assert.Equal(0xfedcba98UL, BinaryPrimitives.ReadUInt64LittleEndian(config));
        Assert.Equal(19u, device.DeviceId);
        Assert.Equal(3, device.QueueMaxSizes.Length);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(0xffffffff)]
    [InlineData(0x1_0000_0000)]
    public void A_reserved_cid_is_refused(ulong cid) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new VirtioVsock(cid, null, null));

    [Fact]
    public void A_path_too_long_for_a_socket_is_refused() =>
        Assert.Throws<ArgumentException>(() => new VirtioVsock(3, null, "/" + new string('x', 96)));

    [Theory]
    [InlineData(VirtioFeatures.Transport)]
    [InlineData(VirtioFeatures.VIRTIO_F_VERSION_1)]
    public void A_host_program_talks_with_the_guest(ulong features)
    {
        using var bench = new VsockBench(features: features);
        bench.Guest.Listen(1024);
        Socket host = bench.ConnectSaying("CONNECT 1024\nearly");
        string line = VsockBench.ReadLine(host);
        GuestSocket guest = bench.Guest.Accept(1024);

        Assert.Equal($"OK {guest.HostPort}", line);
        Assert.Equal("early"u8, guest.ReceiveExactly(5));
        host.Send("ping"u8);
        Assert.Equal("ping"u8, guest.ReceiveExactly(4));
        Assert.True(guest.SendAll("pong"u8));
        Assert.Equal("pong"u8, VsockBench.ReceiveExactly(host, 4));
        Assert.Equal((1L, 1L, 0L), (bench.Statistics.Connections, bench.Statistics.FromHost, bench.Statistics.Refused));
        Assert.Null(bench.Guest.Violation);
    }

    [Fact]
    public void A_line_may_come_in_pieces()
    {
        using var bench = new VsockBench();
        bench.Guest.Listen(1024);
        Socket host = bench.ConnectSilently();
        foreach (byte one in "CONNECT 1024\n"u8.ToArray())
        {
            host.Send([one]);
            Thread.Sleep(2);
        }

        Assert.StartsWith("OK ", VsockBench.ReadLine(host), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(VirtioFeatures.Transport)]
    [InlineData(VirtioFeatures.VIRTIO_F_VERSION_1)]
    public void The_guest_talks_with_a_host_program(ulong features)
    {
        using var bench = new VsockBench(features: features);
        (Socket host, GuestSocket guest) = bench.PairFromGuest();
        Assert.True(guest.SendAll("ping"u8));
        Assert.Equal("ping"u8, VsockBench.ReceiveExactly(host, 4));
        host.Send("pong"u8);
        Assert.Equal("pong"u8, guest.ReceiveExactly(4));
        Assert.Equal(1, bench.Statistics.FromGuest);
        Assert.Null(bench.Guest.Violation);
    }

    [Fact]
    public void A_port_nobody_listens_on_in_the_guest_is_refused()
    {
        using var bench = new VsockBench();
        Assert.True(VsockBench.IsClosed(bench.ConnectSaying("CONNECT 9\n")));
        Eventually.True(() => bench.Statistics is { Connections: 0, Refused: 1 });
    }

    [Fact]
    public void A_port_nobody_listens_on_on_the_host_is_refused()
    {
        using var bench = new VsockBench();
        Assert.Null(bench.Guest.Connect(9));
        Eventually.True(() => bench.Statistics is { Connections: 0, Refused: 1 });
    }

    [Fact]
    public void A_host_port_whose_listener_is_gone_is_refused()
    {
        using var bench = new VsockBench();
        bench.ListenForGuest(9).Dispose();
        Assert.Null(bench.Guest.Connect(9));
    }

    [Fact]
    public async Task A_full_backlog_is_waited_for()
    {
        using var bench = new VsockBench(new VsockOptions { ConnectTimeout = GuestSocket.Timeout });
        Socket listener = bench.ListenForGuest(1025, backlog: 1);
        Task<GuestSocket?>[] wanted = [.. Enumerable.Range(0, 8).Select(_ => Task.Factory.StartNew(() => bench.Guest.Connect(1025), TaskCreationOptions.LongRunning))];
        Eventually.True(() => bench.Statistics.Connections == 8);
        Thread.Sleep(100);
        for (int i = 0; i < wanted.Length; i++)
            bench.Adopt(listener.Accept());
        foreach (Task<GuestSocket?> guest in wanted)
            Assert.NotNull(await guest);
    }

    [Fact]
    public void A_backlog_that_stays_full_is_a_refusal()
    {
        using var bench = new VsockBench(new VsockOptions { ConnectTimeout = 100 });
        bench.ListenForGuest(1025, backlog: 1);
        GuestSocket?[] wanted = [.. Enumerable.Range(0, 4).Select(_ => bench.Guest.Connect(1025))];
        Assert.NotNull(wanted[0]);
        Assert.Null(wanted[3]);
    }

    [Fact]
    public void The_host_may_stop_sending_and_still_receive()
    {
        using var bench = new VsockBench();
        (Socket host, GuestSocket guest) = bench.Pair();
        host.Send("last"u8);
        host.Shutdown(SocketShutdown.Send);
        Assert.Equal("last"u8, guest.ReceiveExactly(4));
        Assert.Equal(0, guest.Receive(new byte[1]));
        Assert.Equal(VsockShutdown.SEND, guest.PeerShutdown);

        Assert.True(guest.SendAll("answer"u8));
        Assert.Equal("answer"u8, VsockBench.ReceiveExactly(host, 6));
        guest.Close();
        Assert.True(VsockBench.IsClosed(host));
        Eventually.True(() => bench.Statistics.Connections == 0);
    }

    [Fact]
    public void The_guest_may_stop_sending_and_still_receive()
    {
        using var bench = new VsockBench();
        (Socket host, GuestSocket guest) = bench.Pair();
        Assert.True(guest.SendAll("last"u8));
        guest.Shutdown(VsockShutdown.SEND);
        Assert.Equal("last"u8, VsockBench.ReceiveExactly(host, 4));
        Assert.True(VsockBench.IsClosed(host));

        host.Send("answer"u8);
        Assert.Equal("answer"u8, guest.ReceiveExactly(6));
        host.Dispose();
        guest.Wait(() => guest.PeerShutdown == VsockShutdown.Both);
        Eventually.True(() => bench.Statistics.Connections == 0);
    }

    [Fact]
    public void The_guest_may_stop_receiving_and_still_send()
    {
        using var bench = new VsockBench();
        (Socket host, GuestSocket guest) = bench.Pair();
        guest.Shutdown(VsockShutdown.RECEIVE);
        Eventually.True(() => SendFails(host));
        Assert.True(guest.SendAll("still here"u8));
        Assert.Equal("still here"u8, VsockBench.ReceiveExactly(host, 10));
        Assert.Equal(VsockShutdown.None, guest.PeerShutdown);
    }

    [Fact]
    public void The_host_may_stop_receiving_and_still_send()
    {
        using var bench = new VsockBench();
        (Socket host, GuestSocket guest) = bench.Pair();
        host.Shutdown(SocketShutdown.Receive);
        byte[] data = new byte[1 << 20];
        Assert.False(guest.SendAll(data));
        Assert.Equal(VsockShutdown.RECEIVE, guest.PeerShutdown);
        host.Send("still here"u8);
        Assert.Equal("still here"u8, guest.ReceiveExactly(10));
    }

    [Fact]
    public void A_host_program_that_ends_is_a_shutdown_of_both_directions_after_its_last_byte()
    {
        using var bench = new VsockBench();
        (Socket host, GuestSocket guest) = bench.Pair();
        byte[] data = Bytes(100_000);
        Task.Run(() =>
        {
            host.Send(data);
            host.Dispose();
        });
        Assert.Equal(data, guest.ReceiveExactly(data.Length));
        guest.Wait(() => guest.PeerShutdown == VsockShutdown.Both);
        Eventually.True(() => bench.Statistics is { Connections: 0, Resets: 0 });
        Assert.Null(bench.Guest.Violation);
    }

    [Fact]
    public void What_the_guest_sent_before_it_closed_reaches_a_slow_host_program()
    {
        using var bench = new VsockBench();
        (Socket host, GuestSocket guest) = bench.Pair();
        byte[] data = Bytes(400_000); // more than the socket holds, so part of it waits in the device
        Assert.True(guest.SendAll(data));
        guest.Close();
        Assert.Equal(1, bench.Statistics.Connections);
        Assert.Equal(data, VsockBench.ReceiveExactly(host, data.Length));
        Assert.True(VsockBench.IsClosed(host));
        Eventually.True(() => bench.Statistics.Connections == 0);
    }

    [Fact]
    public void A_guest_that_stops_sending_has_its_bytes_delivered_first()
    {
        using var bench = new VsockBench();
        (Socket host, GuestSocket guest) = bench.Pair();
        byte[] data = Bytes(400_000);
        Assert.True(guest.SendAll(data));
        guest.Shutdown(VsockShutdown.SEND);
        Assert.Equal(data, VsockBench.ReceiveExactly(host, data.Length));
        Assert.True(VsockBench.IsClosed(host));
        Assert.Equal(1, bench.Statistics.Connections);
    }

    [Fact]
    public void A_reset_of_the_guest_closes_the_host_program()
    {
        using var bench = new VsockBench();
        (Socket host, GuestSocket guest) = bench.Pair();
        guest.Reset();
        Assert.True(VsockBench.IsClosed(host));
        Eventually.True(() => bench.Statistics is { Connections: 0, Resets: 1 });
    }

    [Fact]
    public void A_host_program_that_throws_bytes_away_resets_the_guest()
    {
        using var bench = new VsockBench();
        (Socket host, GuestSocket guest) = bench.Pair();
        Assert.True(guest.SendAll("unread"u8));
        Eventually.True(() => host.Available == 6);
        host.Dispose();
        guest.Wait(() => guest.WasReset || guest.PeerShutdown == VsockShutdown.Both);
        Eventually.True(() => bench.Statistics.Connections == 0);
    }

    [Fact]
    public void A_guest_that_does_not_confirm_the_end_is_reset()
    {
        using var bench = new VsockBench(new VsockOptions { CloseTimeout = 100 });
        bench.Guest.Strays = [];
        (Socket host, GuestSocket guest) = bench.Pair();
        lock (bench.Guest.Sync)
            bench.Guest.Forget(guest);
        host.Dispose();
        Eventually.True(() => bench.Statistics.Connections == 0);
        Eventually.True(() => Ops(bench, guest).LastOrDefault() == VsockOp.RST);
        // One for each direction, or one for both: closing is more than one system call.
        Assert.Equal([VsockOp.SHUTDOWN, VsockOp.RST], Ops(bench, guest).Distinct());
    }

    [Fact]
    public void A_guest_that_never_answers_is_given_up()
    {
        using var bench = new VsockBench(new VsockOptions { RequestTimeout = 100 });
        bench.Guest.Strays = [];
        Socket host = bench.ConnectSaying("CONNECT 5\n");
        Assert.True(VsockBench.IsClosed(host));
        Eventually.True(() =>
        {
            lock (bench.Guest.Sync)
                return bench.Guest.Strays.Select(h => h.Op).SequenceEqual([VsockOp.REQUEST, VsockOp.RST]);
        });
        Eventually.True(() => bench.Statistics is { Connections: 0, Refused: 1 });
    }

    [Fact]
    public void A_host_program_that_leaves_before_the_answer_is_forgotten()
    {
        using var bench = new VsockBench(new VsockOptions { RequestTimeout = 2 * GuestSocket.Timeout });
        bench.Guest.Strays = [];
        bench.ConnectSaying("CONNECT 5\n").Dispose();
        Eventually.True(() => bench.Statistics is { Connections: 0, Refused: 1 });

        Socket host = bench.ConnectSaying("CONNECT 5\n");
        Eventually.True(() =>
        {
            lock (bench.Guest.Sync)
                return bench.Guest.Strays.LastOrDefault().Op == VsockOp.REQUEST;
        });
        host.Dispose();
        Eventually.True(() => bench.Statistics is { Connections: 0, Refused: 2 });
    }

    [Theory]
    [InlineData("")]
    [InlineData("CONNECT")]
    public void A_host_program_that_never_says_what_it_wants_is_cut_off(string line)
    {
        using var bench = new VsockBench(new VsockOptions { GreetingTimeout = 150 });
        Socket host = bench.ConnectSaying(line);
        Assert.True(VsockBench.IsClosed(host));
        Assert.Equal(1, bench.Statistics.Refused);
        bench.AssertStillWorks(1);
    }

    [Theory]
    [InlineData("HELLO\n")]
    [InlineData("CONNECT 1024 and more\n")]
    [InlineData("CONNECT 0000000000000000000000000000000000000001\n")]
    public void A_host_program_that_says_something_else_is_cut_off(string line)
    {
        using var bench = new VsockBench(new VsockOptions { GreetingTimeout = 60_000 });
        Assert.True(VsockBench.IsClosed(bench.ConnectSaying(line)));
        bench.AssertStillWorks(1);
    }

    [Fact]
    public void Silent_host_programs_do_not_keep_others_out_for_ever()
    {
        using var bench = new VsockBench(new VsockOptions { MaxGreetings = 4, GreetingTimeout = 200 });
        for (int i = 0; i < 10; i++)
            bench.ConnectSilently();
        bench.AssertStillWorks(1);
        Eventually.True(() => bench.Statistics is { Connections: 0, Refused: 10 });
    }

    [Fact]
    public void Connections_beyond_the_limit_are_refused_until_there_is_room()
    {
        using var bench = new VsockBench(new VsockOptions { MaxConnections = 3 });
        using Socket listener = bench.ListenForGuest(1025);
        GuestSocket[] guests = [.. Enumerable.Range(0, 3).Select(_ => bench.Guest.Connect(1025)!)];
        Assert.All(guests, Assert.NotNull);
        Assert.Null(bench.Guest.Connect(1025));
        bench.Guest.Listen(7);
        Assert.True(VsockBench.IsClosed(bench.ConnectSaying("CONNECT 7\n")));

        guests[0].Close();
        Assert.NotNull(bench.Guest.Connect(1025));
    }

    [Fact]
    public async Task A_guest_without_room_gets_no_byte_more_and_goes_on_when_it_has_some()
    {
        using var bench = new VsockBench();
        (Socket host, GuestSocket guest) = bench.Pair();
        byte[] data = Bytes(1 << 20);
        Task sending = Task.Run(() => host.Send(data));
        Eventually.True(() => bench.Statistics.BytesToGuest == guest.BufAlloc);
        Thread.Sleep(100);
        Assert.Equal(guest.BufAlloc, bench.Statistics.BytesToGuest);
        Assert.False(sending.IsCompleted);
        Assert.Equal(1, guest.CreditRequests);

        Assert.Equal(data, guest.ReceiveExactly(data.Length));
        await sending;
        Assert.Null(bench.Guest.Violation);
    }

    [Fact]
    public async Task A_host_program_that_does_not_read_stops_the_guest_at_its_credit()
    {
        using var bench = new VsockBench();
        (Socket host, GuestSocket guest) = bench.Pair();
        byte[] data = Bytes(2 << 20);
        Task<bool> sending = Task.Run(() => guest.SendAll(data));
        Eventually.True(() =>
        {
            long taken = bench.Statistics.BytesFromGuest;
            Thread.Sleep(50);
            return guest.PeerRoom == 0 && bench.Statistics.BytesFromGuest == taken;
        });
        Assert.InRange(bench.Statistics.BytesFromGuest, 256 << 10, 1 << 20);
        Assert.False(sending.IsCompleted);

        Assert.Equal(data, VsockBench.ReceiveExactly(host, data.Length));
        Assert.True(await sending);
    }

    [Fact]
    public void More_than_the_credit_is_a_reset()
    {
        using var bench = new VsockBench();
        (Socket host, GuestSocket guest) = bench.Pair();
        byte[] data = new byte[GuestVsock.MaxPayload];
        lock (bench.Guest.Sync)
        {
            for (int sent = 0; sent < 2 << 20; sent += data.Length)
                guest.Send(VsockOp.RW, data);
        }

        guest.Wait(() => guest.WasReset);
        Assert.NotNull(host);
        bench.AssertStillWorks(1);
    }

    [Fact]
    public void A_request_for_credit_is_answered()
    {
        using var bench = new VsockBench();
        (_, GuestSocket guest) = bench.Pair();
        lock (bench.Guest.Sync)
            guest.Send(VsockOp.CREDIT_REQUEST);
        guest.Wait(() => guest.CreditUpdates == 1);
        Assert.Equal(256u << 10, guest.PeerRoom);
    }

    [Fact]
    public void Later_connections_of_many_get_small_buffers()
    {
        using var bench = new VsockBench(new VsockOptions { ManyConnections = 2 });
        using Socket listener = bench.ListenForGuest(1025);
        uint[] rooms = [.. Enumerable.Range(0, 3).Select(_ => bench.Guest.Connect(1025)!.PeerRoom)];
        Assert.Equal([256u << 10, 256u << 10, 64u << 10], rooms);
    }

    [Fact]
    public async Task A_guest_that_takes_no_packets_gets_all_of_them_later()
    {
        using var bench = new VsockBench();
        (Socket host, GuestSocket guest) = bench.Pair();
        bench.Guest.SetReceiving(false);
        guest.BufAlloc = 16 << 20;
        lock (bench.Guest.Sync)
            guest.Send(VsockOp.CREDIT_UPDATE);
        byte[] data = Bytes(2 << 20); // the buffers the driver has given hold a quarter of it
        Task sending = Task.Run(() => host.Send(data));
        Eventually.True(() => bench.Guest.ReceiveQueue.UsedIndex == bench.Guest.ReceiveQueue.AvailableIndex);
        Assert.True(guest.SendAll("the other way is open"u8));
        Assert.Equal("the other way is open"u8, VsockBench.ReceiveExactly(host, 21));
        bench.Guest.SetReceiving(true);
        Assert.Equal(data, guest.ReceiveExactly(data.Length));
        await sending;
    }

    [Theory]
    [InlineData(Uapi.VIRTIO_VSOCK_OP_RW)]
    [InlineData(Uapi.VIRTIO_VSOCK_OP_SHUTDOWN)]
    [InlineData(Uapi.VIRTIO_VSOCK_OP_RESPONSE)]
    [InlineData(Uapi.VIRTIO_VSOCK_OP_CREDIT_REQUEST)]
    [InlineData(77)]
    public void A_packet_of_no_connection_is_answered_with_a_reset(int op)
    {
        using var bench = new VsockBench();
        VsockHeader answer = Answer(bench, new VsockHeader { SourceCid = 3, DestinationCid = 2, SourcePort = 5, DestinationPort = 6, Type = 1, Op = (VsockOp)op })!.Value;
        Assert.Equal((2UL, 3UL, 6u, 5u, (ushort)1, VsockOp.RST, 0u), (answer.SourceCid, answer.DestinationCid, answer.SourcePort, answer.DestinationPort, answer.Type, answer.Op, answer.Length));
    }

    [Fact]
    public void A_reset_of_no_connection_is_not_answered()
    {
        using var bench = new VsockBench();
        Assert.Null(Answer(bench, new VsockHeader { SourceCid = 3, DestinationCid = 2, SourcePort = 5, DestinationPort = 6, Type = 1, Op = VsockOp.RST }));
    }

    [Fact]
    public void Another_type_of_socket_is_answered_with_a_reset_of_that_type()
    {
        using var bench = new VsockBench();
        bench.ListenForGuest(6);
        VsockHeader answer = Answer(bench, new VsockHeader { SourceCid = 3, DestinationCid = 2, SourcePort = 5, DestinationPort = 6, Type = 2, Op = VsockOp.REQUEST })!.Value;
        Assert.Equal((VsockOp.RST, (ushort)2), (answer.Op, answer.Type));
    }

    [Fact]
    public void Another_cid_than_the_hosts_is_answered_with_a_reset_from_there()
    {
        using var bench = new VsockBench();
        bench.ListenForGuest(6);
        VsockHeader answer = Answer(bench, new VsockHeader { SourceCid = 3, DestinationCid = 9, SourcePort = 5, DestinationPort = 6, Type = 1, Op = VsockOp.REQUEST })!.Value;
        Assert.Equal((VsockOp.RST, 9UL, 3UL), (answer.Op, answer.SourceCid, answer.DestinationCid));
    }

    [Fact]
    public void A_packet_that_claims_to_be_from_another_guest_is_dropped()
    {
        using var bench = new VsockBench();
        Assert.Null(Answer(bench, new VsockHeader { SourceCid = 4, DestinationCid = 2, SourcePort = 5, DestinationPort = 6, Type = 1, Op = VsockOp.RW }));
        Assert.Equal(1, bench.Statistics.Malformed);
    }

    [Fact]
    public void A_packet_shorter_than_it_says_resets_its_connection()
    {
        using var bench = new VsockBench();
        (Socket host, GuestSocket guest) = bench.Pair();
        lock (bench.Guest.Sync)
            bench.Guest.Transmit(guest.Header(VsockOp.RW, 100), new byte[99]);
        guest.Wait(() => guest.WasReset);
        Assert.True(VsockBench.IsClosed(host));
    }

    [Fact]
    public void A_buffer_without_a_whole_header_is_given_back()
    {
        using var bench = new VsockBench();
        lock (bench.Guest.Sync)
        {
            bench.Guest.TransmitQueue.Describe(100, 4 << 20, 43, 0);
            bench.Guest.Publish(1, 100);
        }

        Eventually.True(() => bench.Statistics.Malformed == 1 && bench.Guest.TransmitQueue.UsedIndex == 1);
        Assert.Null(bench.Guest.NeedsReset);
    }

    [Fact]
    public void A_second_request_for_the_same_ports_is_a_reset()
    {
        using var bench = new VsockBench();
        (Socket host, GuestSocket guest) = bench.PairFromGuest();
        lock (bench.Guest.Sync)
            guest.Send(VsockOp.REQUEST);
        guest.Wait(() => guest.WasReset);
        Assert.True(VsockBench.IsClosed(host));
    }

    [Fact]
    public void Data_after_the_guests_own_end_is_a_reset()
    {
        using var bench = new VsockBench();
        (Socket host, GuestSocket guest) = bench.Pair();
        guest.Shutdown(VsockShutdown.SEND);
        lock (bench.Guest.Sync)
            guest.Send(VsockOp.RW, "more"u8);
        guest.Wait(() => guest.WasReset);
        Assert.True(VsockBench.IsClosed(host));
    }

    [Fact]
    public void A_broken_queue_ends_the_connections_and_asks_for_a_reset()
    {
        using var bench = new VsockBench();
        (Socket host, _) = bench.Pair();
        lock (bench.Guest.Sync)
            bench.Guest.Publish(1, 9999);
        Assert.True(VsockBench.IsClosed(host));
        Eventually.True(() => bench.Guest.NeedsReset is not null);
        Assert.True(bench.Guest.Transport.Status.HasFlag(VirtioStatus.DEVICE_NEEDS_RESET));

        bench.Guest.Restart(VirtioFeatures.Transport);
        bench.AssertStillWorks(1);
    }

    [Fact]
    public void A_driver_that_starts_anew_finds_no_old_connections()
    {
        using var bench = new VsockBench();
        (Socket host, _) = bench.Pair();
        for (int i = 0; i < 5; i++)
        {
            bench.Guest.Restart(i % 2 == 0 ? VirtioFeatures.VIRTIO_F_VERSION_1 : VirtioFeatures.Transport);
            bench.AssertStillWorks(1);
        }

        Assert.True(VsockBench.IsClosed(host));
        Eventually.True(() => bench.Statistics.Connections == 0);
    }

    [Fact]
    public void A_host_program_may_knock_before_the_guest_is_up()
    {
        using var bench = new VsockBench();
        byte[] none = new byte[4];
        bench.Guest.Transport.Write(Uapi.VIRTIO_MMIO_STATUS, none);
        Socket host = bench.ConnectSaying("CONNECT 1024\n");
        Thread.Sleep(20);
        lock (bench.Guest.Sync)
        {
            bench.Guest.Restart(VirtioFeatures.Transport);
            bench.Guest.Listen(1024);
        }

        Assert.StartsWith("OK ", VsockBench.ReadLine(host), StringComparison.Ordinal);
    }

    [Fact]
    public void Connections_survive_a_pause_in_which_guest_memory_stays_as_it_is()
    {
        using var bench = new VsockBench();
        (Socket host, GuestSocket guest) = bench.Pair();
        for (int i = 0; i < 20; i++)
        {
            bench.Guest.Transport.Pause();
            byte[] before = [.. bench.Guest.Memory.GetSpan(new GuestAddress(0), (uint)bench.Guest.Memory.Size)];
            host.Send("ping"u8);
            Assert.True(guest.SendAll("pong"u8));
            Thread.Sleep(5);
            // The mock guest's own writes are in its transmit buffers, above the others.
            AssertReceivedNothing(before);
            bench.Guest.Transport.Resume();
            Assert.Equal("ping"u8, guest.ReceiveExactly(4));
            Assert.Equal("pong"u8, VsockBench.ReceiveExactly(host, 4));
        }

        bench.AssertStillWorks(1);
        bench.Guest.Transport.Pause();

        void AssertReceivedNothing(byte[] before)
        {
            const int receive = 1 << 20, transmit = 4 << 20;
            Assert.True(before.AsSpan(receive, transmit - receive).SequenceEqual(bench.Guest.Memory.GetSpan(new GuestAddress(receive), transmit - receive)));
        }
    }

    [Fact]
    public void A_transport_reset_drops_connections_and_keeps_listeners()
    {
        using var bench = new VsockBench();
        (Socket host, _) = bench.Pair();
        for (int i = 1; i <= 20; i++)
        {
            bench.Device.ResetTransport();
            Eventually.True(() => bench.Guest.TransportResets == i);
        }

        Assert.True(VsockBench.IsClosed(host));
        bench.Connect(1024);
        Assert.Null(bench.Guest.Violation);
    }

    [Fact]
    public void Nothing_reaches_a_guest_before_it_has_read_of_the_transport_reset()
    {
        using var bench = new VsockBench();
        bench.Guest.Listen(1024);
        for (int i = 1; i <= 20; i++)
        {
            bench.Guest.SetTakingEvents(false);
            ushort packets = bench.Guest.ReceiveQueue.UsedIndex;
            bench.Device.ResetTransport();
            Socket host = bench.ConnectSaying("CONNECT 1024\n");
            Thread.Sleep(20);
            Assert.Equal(packets, bench.Guest.ReceiveQueue.UsedIndex);
            bench.Guest.SetTakingEvents(true);
            Assert.StartsWith("OK ", VsockBench.ReadLine(host), StringComparison.Ordinal);
            Assert.Equal(i, bench.Guest.TransportResets);
            // The next reset drops it.
            bench.Guest.Accept(1024);
        }

        Assert.Null(bench.Guest.Violation);
    }

    [Fact]
    public void A_device_without_a_driver_starts_and_ends_quietly()
    {
        using var device = new VirtioVsock(3, null, "/nowhere");
        device.ResetTransport();
        device.Reset();
        Assert.Equal(default, device.Statistics);
    }

    private static byte[] Bytes(int count)
    {
        byte[] data = new byte[count];
        new Random(count).NextBytes(data);
        return data;
    }

    private static bool SendFails(Socket socket)
    {
        try
        {
            socket.Send("x"u8);
            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    }

    private static IEnumerable<VsockOp> Ops(VsockBench bench, GuestSocket of)
    {
        lock (bench.Guest.Sync)
            return [.. bench.Guest.Strays!.Where(h => h.DestinationPort == of.Port && h.SourcePort == of.HostPort && h.Op != VsockOp.REQUEST).Select(h => h.Op)];
    }

    /// <summary>The device's answer to a packet, or null: then it has answered a later one.</summary>
    private static VsockHeader? Answer(VsockBench bench, in VsockHeader packet)
    {
        bench.Guest.Strays = [];
        lock (bench.Guest.Sync)
        {
            bench.Guest.Transmit(packet, default);
            bench.Guest.Transmit(new VsockHeader { SourceCid = 3, DestinationCid = 2, SourcePort = 0xffff, Type = 1, Op = VsockOp.CREDIT_UPDATE }, default);
        }

        Eventually.True(() =>
        {
            lock (bench.Guest.Sync)
                return bench.Guest.Strays.Exists(h => h.DestinationPort == 0xffff);
        });
        lock (bench.Guest.Sync)
            return bench.Guest.Strays[0].DestinationPort == 0xffff ? null : bench.Guest.Strays[0];
    }
}
