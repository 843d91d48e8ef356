using System.Text;
using Pyro.Vmm.Devices;
using Pyro.Vmm.Snapshots;
using Pyro.Vmm.Virtio;

namespace Pyro.Vmm.Tests.Devices;

public sealed class Serial16550Tests
{
    private sealed class Line : IInterruptLine
    {
        internal int Count { get; private set; }

        public void Trigger() => Count++;
    }

    private sealed class Output : ISerialOutput
    {
        internal List<byte> Bytes { get; } = [];

        public void Write(byte value) => Bytes.Add(value);
    }

    private readonly Line _line = new();
    private readonly Output _output = new();
    private readonly Serial16550 _serial;

    public Serial16550Tests() => _serial = new Serial16550(_line, _output);

    private byte Read(ulong register)
    {
        byte[] data = new byte[1];
        _serial.Read(register, data);
        return data[0];
    }

    private void Write(ulong register, byte value) => _serial.Write(register, [value]);

    [Fact]
    public void Transmitted_bytes_reach_the_output_and_the_line_is_always_ready()
    {
        foreach (byte b in "hi\n"u8)
        {
            Assert.Equal(0x60, Read(5) & 0x60);
            Write(0, b);
        }

        Assert.Equal("hi\n", Encoding.ASCII.GetString(_output.Bytes.ToArray()));
        Assert.Equal(0, _line.Count);
    }

    [Fact]
    public void Received_bytes_interrupt_and_are_read_in_order()
    {
        Write(1, 0x01);
        Assert.Equal(3, _serial.Receive("abc"u8));
        Assert.Equal(1, _line.Count);
        Assert.Equal(0x04, Read(2) & 0x0f);
        Assert.Equal("abc"u8.ToArray(), new[] { Read(0), Read(0), Read(0) });
        Assert.Equal(0, Read(5) & 1);
        Assert.Equal(0x01, Read(2) & 0x0f);
    }

    [Fact]
    public void A_full_fifo_takes_no_more()
    {
        Assert.Equal(16, _serial.Receive(new byte[20]));
        Assert.Equal(0, _serial.Receive(new byte[1]));
        Write(2, 0x03);
        Assert.Equal(1, _serial.Receive(new byte[1]));
    }

    [Fact]
    public void Enabling_the_transmit_interrupt_raises_it_and_reading_its_identification_clears_it()
    {
        Write(1, 0x02);
        Assert.Equal(1, _line.Count);
        Assert.Equal(0x02, Read(2) & 0x0f);
        Assert.Equal(0x01, Read(2) & 0x0f);
        Write(0, (byte)'x');
        Assert.Equal(2, _line.Count);
        Assert.Equal(0x02, Read(2) & 0x0f);
    }

    [Fact]
    public void Loopback_returns_bytes_and_modem_lines_as_a_driver_probe_expects()
    {
        Write(4, 0x1a);
        Assert.Equal(0x90, Read(6) & 0xf0);
        Write(0, 0x55);
        Assert.Empty(_output.Bytes);
        Assert.Equal(0x55, Read(0));
    }

    [Fact]
    public void Divisor_latch_hides_data_and_interrupt_enable()
    {
        Write(3, 0x83);
        Write(0, 0x34);
        Write(1, 0x12);
        Assert.Equal(0x34, Read(0));
        Assert.Equal(0x12, Read(1));
        Write(3, 0x03);
        Assert.Equal(0, Read(1));
        Assert.Empty(_output.Bytes);
    }

    [Fact]
    public void A_16550A_shows_working_fifos()
    {
        Write(2, 0x01);
        Assert.Equal(0xc0, Read(2) & 0xc0);
    }

    [Fact]
    public void A_port_that_was_saved_while_it_transmitted_interrupts_again_when_restored()
    {
        Write(1, 0x02);
        Write(0, (byte)'x');
        (Line line, Serial16550 restored) = SaveAndRestore();
        Assert.Equal(1, line.Count);
        byte[] identification = new byte[1];
        restored.Read(2, identification);
        Assert.Equal(0x02, identification[0] & 0x0f);
    }

    [Fact]
    public void A_port_that_was_saved_with_bytes_to_read_interrupts_again_when_restored()
    {
        Write(1, 0x01);
        _serial.Receive("ab"u8);
        (Line line, Serial16550 restored) = SaveAndRestore();
        Assert.Equal(1, line.Count);
        byte[] received = new byte[1];
        restored.Read(0, received);
        Assert.Equal((byte)'a', received[0]);
    }

    [Fact]
    public void A_port_that_nobody_waits_for_is_quiet_when_restored()
    {
        Write(0, (byte)'x');
        Assert.Equal(0, SaveAndRestore().Line.Count);
    }

    private (Line Line, Serial16550 Serial) SaveAndRestore()
    {
        var state = new StateWriter();
        _serial.Save(state);
        var line = new Line();
        var restored = new Serial16550(line, _output);
        var reader = new StateReader(state.Written, "the serial port");
        restored.Restore(ref reader);
        return (line, restored);
    }
}
