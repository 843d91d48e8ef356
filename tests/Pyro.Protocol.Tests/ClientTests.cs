using System.Net.Sockets;
using System.Text;

namespace Pyro.Protocol.Tests;

public sealed class ClientTests : IDisposable
{
    private static readonly CancellationToken s_soon = new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;
    private readonly SocketPair _pair = new();
    private readonly FrameReader _guestReader;
    private readonly FrameWriter _guestWriter;

    public ClientTests()
    {
        _guestReader = new FrameReader(_pair.Guest);
        _guestWriter = new FrameWriter(_pair.Guest);
    }

    public void Dispose()
    {
        _guestWriter.Dispose();
        _pair.Dispose();
    }

    [Fact]
    public async Task Frames_survive_any_cut_of_the_stream()
    {
        var random = new Random(1);
        var sent = new List<byte[]>();
        using var bytes = new MemoryStream();
        using var writer = new FrameWriter(bytes);
        for (int i = 0; i < 300; i++)
        {
            var payload = new byte[random.Next(10) == 0 ? Wire.MaxPayload - random.Next(3) : random.Next(50)];
            random.NextBytes(payload);
            sent.Add(payload);
            await writer.WriteAsync(FrameType.Stdout, payload, s_soon);
        }

        var reader = new FrameReader(new ChoppedStream(bytes.ToArray(), random));
        foreach (byte[] payload in sent)
        {
            Assert.True(await reader.ReadAsync(s_soon));
            Assert.True(payload.AsSpan().SequenceEqual(reader.Payload.Span));
        }

        Assert.False(await reader.ReadAsync(s_soon));
    }

    [Fact]
    public async Task A_stream_that_ends_inside_a_frame_is_an_error()
    {
        var reader = new FrameReader(new MemoryStream([10, 0, 0, 0, (byte)FrameType.Stdout, 1, 2]));

        await Assert.ThrowsAsync<ProtocolException>(async () => await reader.ReadAsync(s_soon));
    }

    [Fact]
    public async Task Random_bytes_from_a_guest_never_do_more_than_end_the_connection()
    {
        var random = new Random(2);
        for (int i = 0; i < 5_000; i++)
        {
            var noise = new byte[random.Next(300)];
            random.NextBytes(noise);
            for (int at = 0; at + 4 < noise.Length && random.Next(4) != 0; at += random.Next(5, 40))
            {
                noise.AsSpan(at, 4).Clear();
                noise[at] = (byte)random.Next(20);
                noise[at + 4] = (byte)random.Next(0x40, 0x4a);
            }

            await using var connection = new GuestConnection(new EchoFreeStream(noise));
            try
            {
                await using ExecStream exec = await connection.ExecAsync(new ExecRequest { Arguments = ["x"] }, s_soon);
                while ((await exec.ReadAsync(s_soon)).Kind != ExecEventKind.Exited)
                {
                }
            }
            catch (Exception e)
            {
                Assert.True(e is ProtocolException or GuestConnectionLostException or GuestRequestException, e.ToString());
            }
        }
    }

    [Fact]
    public async Task Stdin_waits_for_credit_and_never_sends_more()
    {
        await using ExecStream exec = await StartAsync();
        Task<bool> write = exec.WriteStdinAsync(new byte[100], s_soon).AsTask();
        Task<ExecEvent> read = exec.ReadAsync(s_soon).AsTask();

        await _guestWriter.WriteAsync(new StdinCreditMessage(60), s_soon);
        await ExpectAsync(FrameType.Stdin, 60);
        Assert.False(write.IsCompleted);
        await _guestWriter.WriteAsync(new StdinCreditMessage(1000), s_soon);
        await ExpectAsync(FrameType.Stdin, 40);
        Assert.True(await write);

        await _guestWriter.WriteAsync(new ExitedMessage(3, 0, false), s_soon);
        Assert.Equal(3, (await read).Exit.Code);
        Assert.True(await exec.WriteStdinAsync(default, s_soon));
        Assert.False(await exec.WriteStdinAsync(new byte[1], s_soon));
    }

    [Fact]
    public async Task A_signal_overtakes_stdin_that_waits()
    {
        await using ExecStream exec = await StartAsync();
        Task<bool> write = exec.WriteStdinAsync(new byte[100], s_soon).AsTask();

        await exec.SignalAsync(15, s_soon);

        await ExpectAsync(FrameType.Signal, 4);
        Assert.Equal(new SignalMessage(15), Frame.Decode<SignalMessage>(_guestReader.Payload.Span));
        Assert.False(write.IsCompleted);
    }

    [Fact]
    public async Task Output_and_exit_arrive_in_order_and_unknown_frames_are_skipped()
    {
        await using ExecStream exec = await StartAsync();
        await _guestWriter.WriteAsync((FrameType)0x7e, new byte[9], s_soon);
        await _guestWriter.WriteAsync(FrameType.Stdout, "one"u8.ToArray(), s_soon);
        await _guestWriter.WriteAsync(FrameType.Stderr, "two"u8.ToArray(), s_soon);
        await _guestWriter.WriteAsync(new ExitedMessage(0, 9, true), s_soon);
        using var stdout = new MemoryStream();
        using var stderr = new MemoryStream();

        ExitedMessage exit = await exec.RunAsync(null, stdout, stderr, s_soon);

        Assert.Equal((137, true), (exit.ShellCode, exit.TimedOut));
        Assert.Equal("one", Encoding.UTF8.GetString(stdout.ToArray()));
        Assert.Equal("two", Encoding.UTF8.GetString(stderr.ToArray()));
    }

    [Fact]
    public async Task A_guest_that_goes_away_is_told_as_such()
    {
        await using ExecStream exec = await StartAsync();
        _pair.Guest.Close();

        await Assert.ThrowsAsync<GuestConnectionLostException>(async () => await exec.ReadAsync(s_soon));
        Assert.False(await exec.WriteStdinAsync(new byte[1], s_soon));
        await exec.SignalAsync(2, s_soon);
    }

    [Fact]
    public async Task A_cancelled_read_leaves_the_command_usable()
    {
        await using ExecStream exec = await StartAsync();
        using var cancel = new CancellationTokenSource();
        Task<ExecEvent> read = exec.ReadAsync(cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);

        await exec.SignalAsync(2, s_soon);
        await _guestWriter.WriteAsync(new ExitedMessage(130, 0, false), s_soon);

        Assert.Equal(130, (await exec.ReadAsync(s_soon)).Exit.Code);
    }

    [Fact]
    public async Task A_refusal_carries_its_code()
    {
        await using var connection = new GuestConnection(_pair.Host);
        Task<AgentInfo> info = connection.InfoAsync(s_soon);
        await ExpectAsync(FrameType.Info, 2);
        await _guestWriter.WriteAsync(new FailedMessage(FailureCode.UnknownRequest, "no"), s_soon);

        GuestRequestException e = await Assert.ThrowsAsync<GuestRequestException>(() => info);
        Assert.Equal((FailureCode.UnknownRequest, "no"), (e.Code, e.Message));
        await Assert.ThrowsAsync<InvalidOperationException>(() => connection.SyncAsync(s_soon));
    }

    [Fact]
    public async Task A_hold_is_there_when_it_is_answered_and_lasts_as_long_as_its_connection()
    {
        await using (var connection = new GuestConnection(_pair.Host))
        {
            Task hold = connection.HoldAsync(new HoldRequest { TimeoutMilliseconds = 7 }, s_soon);
            await ExpectAsync(FrameType.Hold, 6);
            Assert.False(hold.IsCompleted);
            await _guestWriter.WriteAsync(FrameType.Held, default, s_soon);
            await hold;
        }

        Assert.False(await _guestReader.ReadAsync(s_soon));
    }

    [Fact]
    public async Task A_restored_guest_is_told_the_time_and_who_it_is()
    {
        await using var connection = new GuestConnection(_pair.Host);
        Task resumed = connection.ResumeAsync(new ResumeRequest { UnixNanoseconds = 7, Entropy = new byte[64], MachineId = "id" }, s_soon);
        await ExpectAsync(FrameType.Resume, 2 + 8 + (4 + 64) + (4 + 2) + 4);
        Assert.Equal(7UL, Frame.Decode<ResumeRequest>(_guestReader.Payload.Span).UnixNanoseconds);
        Assert.False(resumed.IsCompleted);
        await _guestWriter.WriteAsync(FrameType.Done, default, s_soon);
        await resumed;
    }

    [Fact]
    public async Task A_vsock_socket_is_asked_for_the_port_and_nothing_after_its_answer_is_lost()
    {
        string path = Path.Combine(Path.GetTempPath(), $"pyro-{Guid.NewGuid():n}.sock");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        try
        {
            Task<GuestConnection> connect = GuestConnection.ConnectAsync(path, 77, s_soon);
            using Socket vmm = await listener.AcceptAsync(s_soon);
            var line = new byte[64];
            int length = await vmm.ReceiveAsync(line, s_soon);
            Assert.Equal("CONNECT 77\n", Encoding.ASCII.GetString(line, 0, length));
            await vmm.SendAsync((byte[])[.. "OK 1073741824\n"u8, 0, 0, 0, 0, (byte)FrameType.Done], s_soon);

            await using GuestConnection connection = await connect;
            await connection.SyncAsync(s_soon);

            Task<GuestConnection> refused = GuestConnection.ConnectAsync(path, 78, s_soon);
            (await listener.AcceptAsync(s_soon)).Dispose();
            await Assert.ThrowsAnyAsync<IOException>(() => refused);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private async Task<ExecStream> StartAsync()
    {
        var connection = new GuestConnection(_pair.Host);
        Task<ExecStream> start = connection.ExecAsync(new ExecRequest { Arguments = ["x"], Stdin = true }, s_soon);
        Assert.True(await _guestReader.ReadAsync(s_soon));
        Assert.Equal(FrameType.Exec, _guestReader.Type);
        await _guestWriter.WriteAsync(new StartedMessage(42), s_soon);
        ExecStream exec = await start;
        Assert.Equal(42U, exec.ProcessId);
        return exec;
    }

    private async Task ExpectAsync(FrameType type, int length)
    {
        Assert.True(await _guestReader.ReadAsync(s_soon));
        Assert.Equal((type, length), (_guestReader.Type, _guestReader.Payload.Length));
    }
}
