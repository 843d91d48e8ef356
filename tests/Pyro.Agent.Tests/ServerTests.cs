using System.Net.Sockets;
using Pyro.Protocol;

namespace Pyro.Agent.Tests;

public sealed class ServerTests(AgentProcess agent) : IClassFixture<AgentProcess>
{
    [Fact]
    public async Task Info_tells_version_and_running_commands()
    {
        await using ExecStream exec = await agent.StartAsync(new ExecRequest { Arguments = ["sleep", "100"] });

        AgentInfo info = await agent.InfoAsync();

        Assert.Equal(Wire.Version, info.Ready.ProtocolVersion);
        Assert.Matches(@"^\d+\.\d+\.\d+", info.Ready.AgentVersion);
        Assert.Equal(1U, info.RunningCommands);
        Assert.InRange(info.Ready.ListeningNanoseconds, info.Ready.EntryNanoseconds, info.UptimeNanoseconds);
    }

    [Fact]
    public async Task Sync_is_done()
    {
        await using GuestConnection connection = await agent.ConnectAsync();
        await connection.SyncAsync(AgentProcess.Soon);

        await Assert.ThrowsAsync<InvalidOperationException>(() => connection.SyncAsync(AgentProcess.Soon));
    }

    [Theory]
    [InlineData(0x1f, new byte[] { 1, 0 }, FailureCode.UnknownRequest)]
    [InlineData(0x01, new byte[] { 9, 0 }, FailureCode.UnsupportedVersion)]
    [InlineData(0x04, new byte[] { 0, 0 }, FailureCode.UnsupportedVersion)]
    [InlineData(0x04, new byte[] { 1 }, FailureCode.BadRequest)]
    [InlineData(0x01, new byte[] { 1, 0, 0, 0 }, FailureCode.BadRequest)]
    [InlineData(0x20, new byte[] { 1, 0 }, FailureCode.BadRequest)]
    public async Task A_request_that_makes_no_sense_is_refused(byte type, byte[] payload, string code)
    {
        await using NetworkStream stream = await agent.OpenAsync();
        using var writer = new FrameWriter(stream);
        await writer.WriteAsync((FrameType)type, payload, AgentProcess.Soon);

        var reader = new FrameReader(stream);
        Assert.True(await reader.ReadAsync(AgentProcess.Soon));
        Assert.Equal((FrameType.Failed, code), (reader.Type, Frame.Decode<FailedMessage>(reader.Payload.Span).Code));
        Assert.False(await reader.ReadAsync(AgentProcess.Soon));
    }

    [Theory]
    [InlineData((byte)FrameType.Stdin, 200_000)]
    [InlineData((byte)FrameType.Exec, 3)]
    [InlineData((byte)FrameType.Signal, 4)]
    public async Task A_running_command_whose_host_breaks_the_rules_is_killed(byte type, int length)
    {
        string sleep = Processes.UniqueSleep();
        await using NetworkStream stream = await agent.OpenAsync();
        using var writer = new FrameWriter(stream);
        await writer.WriteAsync(new ExecRequest { Arguments = ["sleep", sleep], Stdin = true }, AgentProcess.Soon);
        await Processes.WaitForAsync(sleep, 1);

        for (int sent = 0; sent < length; sent += 10_000)
            await writer.WriteAsync((FrameType)type, new byte[Math.Min(length - sent, 10_000)], AgentProcess.Soon);

        await Processes.WaitForAsync(sleep, 0);
        var reader = new FrameReader(stream);
        FrameType last = FrameType.None;
        while (await reader.ReadAsync(AgentProcess.Soon))
            last = reader.Type;
        Assert.Equal(FrameType.Failed, last);
    }

    [Fact]
    public async Task A_request_may_come_byte_by_byte()
    {
        await using NetworkStream stream = await agent.OpenAsync();
        foreach (byte b in Frame.Encode(new ExecRequest { Arguments = ["sh", "-c", "exit 33"] }))
            await stream.WriteAsync(new[] { b }, AgentProcess.Soon);

        var reader = new FrameReader(stream);
        while (await reader.ReadAsync(AgentProcess.Soon) && reader.Type != FrameType.Exited)
        {
        }

        Assert.Equal(33, Frame.Decode<ExitedMessage>(reader.Payload.Span).Code);
    }

    [Fact]
    public async Task A_request_of_nearly_a_mebibyte_is_read()
    {
        EnvironmentVariable[] environment = [.. Enumerable.Range(0, 9).Select(i => new EnvironmentVariable($"V{i}", new string('x', 100_000)))];

        ExecResult result = await agent.RunAsync(new ExecRequest { Arguments = ["sh", "-c", "echo ${#V8}"], Environment = environment });

        Assert.Equal("100000\n", result.Stdout);
    }

    [Fact]
    public async Task Garbage_never_ends_the_agent()
    {
        var random = new Random(77);
        for (int i = 0; i < 2_000; i++)
        {
            await using NetworkStream stream = await agent.OpenAsync();
            try
            {
                await stream.WriteAsync(Garbage(random), AgentProcess.Soon);
                if (i % 3 == 0)
                    stream.Socket.Shutdown(SocketShutdown.Send);
                if (i % 7 == 0)
                    _ = await stream.ReadAsync(new byte[100], new CancellationTokenSource(50).Token);
            }
            catch (Exception e) when (e is IOException or OperationCanceledException)
            {
                // The agent may have hung up already, or may wait for more.
            }
        }

        Assert.Equal("alive\n", (await agent.ShellAsync("echo alive")).Stdout);
        Assert.Equal(0U, (await agent.InfoAsync()).RunningCommands);
    }

    [Fact]
    public async Task Five_hundred_idle_connections_are_no_burden()
    {
        var idle = new List<NetworkStream>();
        for (int i = 0; i < 500; i++)
            idle.Add(await agent.OpenAsync());

        Assert.Equal("alive\n", (await agent.ShellAsync("echo alive")).Stdout);
        foreach (NetworkStream stream in idle)
            await stream.DisposeAsync();
    }

    // Noise, and frames with a known type and a payload that makes no sense; never one that would run a command or
    // stop the agent or what it runs.
    private static byte[] Garbage(Random random)
    {
        var bytes = new byte[random.Next(1, 400)];
        random.NextBytes(bytes);
        if (random.Next(3) != 0 && bytes.Length > 7)
        {
            bytes.AsSpan(0, 4).Clear();
            bytes[0] = (byte)random.Next(2, Math.Min(200, bytes.Length - 4));
            bytes[4] = (byte)random.Next(0x50);
            bytes[5] = 1;
            bytes[6] = 0;
            if (bytes[4] is (byte)FrameType.PowerOff or (byte)FrameType.Hold)
                bytes[0] = 3;
        }

        return bytes;
    }
}
