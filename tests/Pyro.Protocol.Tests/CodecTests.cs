using System.Buffers.Binary;

namespace Pyro.Protocol.Tests;

public sealed class CodecTests
{
    private const int Seed = 20261121;

    [Fact]
    public void A_message_reads_back_as_it_was_written()
    {
        var random = new Random(Seed);
        for (int i = 0; i < 20_000; i++)
        {
            ExecRequest exec = Messages.Exec(random);
            Assert.Equal(Messages.Show(exec), Messages.Show(RoundTrip(exec)));

            AgentReady ready = Messages.Ready(random);
            Assert.Equal(Messages.Show(ready), Messages.Show(RoundTrip(ready)));

            var info = new AgentInfo { Ready = ready, UptimeNanoseconds = (ulong)random.NextInt64(), RunningCommands = (uint)random.Next() };
            AgentInfo read = RoundTrip(info);
            Assert.Equal((info.UptimeNanoseconds, info.RunningCommands), (read.UptimeNanoseconds, read.RunningCommands));
            Assert.Equal(Messages.Show(ready), Messages.Show(read.Ready));

            var exited = new ExitedMessage(random.Next(256), random.Next(65), random.Next(2) == 0);
            Assert.Equal(exited, RoundTrip(exited));
            var failed = new FailedMessage(Messages.Text(random), Messages.Text(random));
            Assert.Equal(failed, RoundTrip(failed));
            var resize = new ResizeMessage(new TerminalSize((ushort)random.Next(65536), (ushort)random.Next(65536)));
            Assert.Equal(resize, RoundTrip(resize));
            var signal = new SignalMessage(random.Next(1, 65));
            Assert.Equal(signal, RoundTrip(signal));
            var credit = new StdinCreditMessage((uint)random.Next());
            Assert.Equal(credit, RoundTrip(credit));
            var started = new StartedMessage((uint)random.Next());
            Assert.Equal(started, RoundTrip(started));
        }
    }

    [Fact]
    public void Requests_without_text_read_back_as_they_were_written()
    {
        PowerOffRequest off = RoundTrip(new PowerOffRequest { Reboot = true, GraceMilliseconds = 9 });
        Assert.Equal((true, 9U, Wire.Version), (off.Reboot, off.GraceMilliseconds, off.Version));
        Assert.Equal(3, RoundTrip(new InfoRequest { Version = 3 }).Version);
        Assert.Equal(4, RoundTrip(new SyncRequest { Version = 4 }).Version);
        HoldRequest hold = RoundTrip(new HoldRequest { Version = 5, TimeoutMilliseconds = 11 });
        Assert.Equal((5, 11U), (hold.Version, hold.TimeoutMilliseconds));
    }

    [Fact]
    public void A_resume_request_reads_back_as_it_was_written_and_takes_no_more_entropy_than_it_may()
    {
        byte[] entropy = [.. Enumerable.Range(0, ResumeRequest.MaxEntropy).Select(i => (byte)i)];
        ResumeRequest resume = RoundTrip(new ResumeRequest { UnixNanoseconds = 7, Entropy = entropy, MachineId = "id", HostName = "name" });
        Assert.Equal((7UL, "id", "name", Wire.Version), (resume.UnixNanoseconds, resume.MachineId, resume.HostName, resume.Version));
        Assert.Equal(entropy, resume.Entropy.ToArray());
        Assert.Throws<ProtocolException>(() => RoundTrip(new ResumeRequest { UnixNanoseconds = 7, Entropy = new byte[entropy.Length + 1], MachineId = "id" }));
    }

    [Fact]
    public void What_is_said_to_tools_reads_back_as_it_was_written()
    {
        var random = new Random(Seed);
        for (int i = 0; i < 5_000; i++)
        {
            var list = new ListFilesRequest(Messages.Text(random), random.Next(2) == 0, (uint)random.Next());
            Assert.Equal(list, RoundTrip(list));
            string[] paths = [.. Enumerable.Range(0, random.Next(5)).Select(_ => Messages.Text(random))];
            ReadFilesRequest read = RoundTrip(new ReadFilesRequest(paths, (ulong)i));
            Assert.Equal((string.Join('\0', paths), (ulong)i), (string.Join('\0', read.Paths), read.MaxBytes));
            EditOperation edit = Messages.Edit(random);
            Assert.Equal(edit, RoundTrip(edit));
            FileEntry[] entries = [.. Enumerable.Range(0, random.Next(5)).Select(_ => Messages.Entry(random))];
            Assert.Equal(entries.Select(Messages.Show), RoundTrip(new FileEntriesMessage(entries)).Entries.Select(Messages.Show));
            var content = new FileContentMessage(edit.Version, (ushort)random.Next(0x1000), random.NextInt64());
            Assert.Equal(content, RoundTrip(content));
            var done = new ToolDoneMessage((ulong)random.NextInt64(), (ulong)random.NextInt64(), random.Next(2) == 0);
            Assert.Equal(done, RoundTrip(done));
            var failed = new ToolFailedMessage(Messages.Text(random), Messages.Text(random), Messages.Text(random));
            Assert.Equal(failed, RoundTrip(failed));
        }
    }

    [Fact]
    public void Hostile_payloads_of_tools_parse_or_are_refused_and_cost_little()
    {
        var random = new Random(Seed);
        long before = GC.GetAllocatedBytesForCurrentThread();
        int refused = 0;
        const int Cases = 30_000;
        for (int i = 0; i < Cases; i++)
        {
            byte[] payload = Hostile(random, i % 2 == 0
                ? Frame.Encode(new FileEntriesMessage([.. Enumerable.Range(0, 4).Select(_ => Messages.Entry(random))]))
                : Frame.Encode(Messages.Edit(random)));
            refused += Refused<FileEntriesMessage>(payload) + Refused<EditOperation>(payload) + Refused<ReadFilesRequest>(payload)
                + Refused<ListFilesRequest>(payload) + Refused<FileContentMessage>(payload) + Refused<ToolDoneMessage>(payload)
                + Refused<ToolFailedMessage>(payload) + Refused<ReceiveTreeRequest>(payload) + Refused<SendTreeRequest>(payload);
        }

        Assert.InRange(refused, Cases, Cases * 9);
        long each = (GC.GetAllocatedBytesForCurrentThread() - before) / Cases;
        Assert.True(each < 64 * 1024, $"{each} bytes a case");
    }

    [Fact]
    public void Fields_of_a_newer_peer_are_ignored()
    {
        byte[] frame = Frame.Encode(Messages.Exec(new Random(Seed)));
        byte[] longer = [.. frame[Wire.HeaderSize..], 1, 2, 3];

        Assert.Equal(Messages.Show(Frame.Decode<ExecRequest>(frame.AsSpan(Wire.HeaderSize))), Messages.Show(Frame.Decode<ExecRequest>(longer)));
    }

    [Fact]
    public void Hostile_payloads_parse_or_are_refused_and_cost_little()
    {
        var random = new Random(Seed);
        long before = GC.GetAllocatedBytesForCurrentThread();
        int refused = 0;
        const int Cases = 60_000;
        for (int i = 0; i < Cases; i++)
        {
            byte[] payload = Hostile(random);
            refused += Refused<ExecRequest>(payload) + Refused<AgentInfo>(payload) + Refused<AgentReady>(payload)
                + Refused<FailedMessage>(payload) + Refused<PowerOffRequest>(payload) + Refused<ResumeRequest>(payload)
                + Refused<SignalMessage>(payload) + Refused<ExitedMessage>(payload) + Refused<ResizeMessage>(payload)
                + Refused<HoldRequest>(payload);
        }

        Assert.InRange(refused, Cases, Cases * 10);
        long each = (GC.GetAllocatedBytesForCurrentThread() - before) / Cases;
        Assert.True(each < 64 * 1024, $"{each} bytes a case");
    }

    [Fact]
    public void Every_cut_of_a_payload_is_refused()
    {
        byte[] frame = Frame.Encode(Messages.Exec(new Random(Seed + 1)));
        for (int length = 0; length < frame.Length - Wire.HeaderSize; length++)
        {
            byte[] cut = frame[Wire.HeaderSize..(Wire.HeaderSize + length)];
            Assert.Throws<ProtocolException>(() => Frame.Decode<ExecRequest>(cut));
        }
    }

    [Theory]
    [InlineData("a\0b", "", "N", "v")]
    [InlineData("a", "/x\0y", "N", "v")]
    [InlineData("a", "", "N=", "v")]
    [InlineData("a", "", "", "v")]
    [InlineData("a", "", "N", "v\0")]
    public void What_the_kernel_would_misread_is_refused(string argument, string directory, string name, string value)
    {
        var request = new ExecRequest { Arguments = [argument], WorkingDirectory = directory, Environment = [new(name, value)] };

        Assert.Throws<ProtocolException>(() => RoundTrip(request));
    }

    [Fact]
    public void An_exec_without_a_command_is_refused()
        => Assert.Throws<ProtocolException>(() => RoundTrip(new ExecRequest { Arguments = [] }));

    [Fact]
    public void A_text_that_is_no_utf8_is_refused()
        => Assert.Throws<ProtocolException>(() => Frame.Decode<FailedMessage>([2, 0, 0, 0, 0xc3, 0x28, 0, 0, 0, 0]));

    [Fact]
    public void A_message_above_the_limit_is_not_sent()
        => Assert.Throws<ProtocolException>(() => Frame.Encode(new ExecRequest { Arguments = [new string('x', Wire.MaxRequestPayload)] }));

    [Theory]
    [InlineData(FrameType.Stdout, Wire.MaxPayload, true)]
    [InlineData(FrameType.Stdout, Wire.MaxPayload + 1, false)]
    [InlineData(FrameType.Exec, Wire.MaxRequestPayload, true)]
    [InlineData(FrameType.Exec, Wire.MaxRequestPayload + 1, false)]
    [InlineData((FrameType)0x1f, Wire.MaxRequestPayload, true)]
    [InlineData((FrameType)0xff, Wire.MaxPayload + 1, false)]
    [InlineData(FrameType.None, Wire.MaxPayload + 1, false)]
    [InlineData(FrameType.Exec, -1, false)]
    public void A_length_above_the_limit_of_its_type_is_refused(FrameType type, int length, bool accepted)
    {
        var header = new byte[Wire.HeaderSize];
        BinaryPrimitives.WriteInt32LittleEndian(header, length);
        header[4] = (byte)type;

        if (accepted)
        {
            Assert.True(FrameHeader.TryRead(header, out FrameHeader read));
            Assert.Equal(new FrameHeader(type, length), read);
        }
        else
        {
            Assert.Throws<ProtocolException>(() => FrameHeader.TryRead(header, out _));
        }
    }

    private static T RoundTrip<T>(T message)
        where T : IMessage<T>
    {
        byte[] frame = Frame.Encode(message);
        Assert.True(FrameHeader.TryRead(frame, out FrameHeader header));
        Assert.Equal(new FrameHeader(T.Type, frame.Length - Wire.HeaderSize), header);
        return Frame.Decode<T>(frame.AsSpan(Wire.HeaderSize));
    }

    // Random bytes, cuts of real payloads, and real payloads with bytes or whole lengths changed.
    private static byte[] Hostile(Random random, byte[]? frame = null)
    {
        if (random.Next(4) == 0)
        {
            var noise = new byte[random.Next(200)];
            random.NextBytes(noise);
            return noise;
        }

        byte[] payload = (frame ?? Frame.Encode(Messages.Exec(random)))[Wire.HeaderSize..];
        for (int changes = random.Next(1, 4); changes > 0; changes--)
        {
            int at = random.Next(payload.Length);
            if (random.Next(2) == 0)
                payload[at] = (byte)random.Next(256);
            else if (payload.Length - at >= 4)
                BinaryPrimitives.WriteUInt32LittleEndian(payload.AsSpan(at), uint.MaxValue >> random.Next(32));
        }

        return random.Next(3) == 0 ? payload[..random.Next(payload.Length)] : payload;
    }

    private static int Refused<T>(byte[] payload)
        where T : IMessage<T>
    {
        try
        {
            Frame.Decode<T>(payload);
            return 0;
        }
        catch (ProtocolException)
        {
            return 1;
        }
    }
}
