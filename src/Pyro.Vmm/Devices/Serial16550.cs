using Pyro.Vmm.Buses;
using Pyro.Vmm.Snapshots;
using Pyro.Vmm.Virtio;

namespace Pyro.Vmm.Devices;

/// <summary>
/// A 16550A UART: sixteen-byte receive FIFO, transmit that is always ready, interrupts, modem lines and loopback.
/// </summary>
/// <remarks>National Semiconductor PC16550D data sheet; register names are its own.</remarks>
public sealed class Serial16550 : IBusDevice
{
    /// <summary>COM1.</summary>
    public const ulong Base = 0x3f8;

    /// <summary>Eight registers.</summary>
    public const ulong Length = 8;

    /// <summary>COM1's interrupt line.</summary>
    public const uint Irq = 4;

    private const int FifoSize = 16;

    private const byte IerReceive = 0x01;
    private const byte IerTransmit = 0x02;
    private const byte IerMask = 0x0f;
    private const byte IirNone = 0x01;
    private const byte IirTransmit = 0x02;
    private const byte IirReceive = 0x04;
    private const byte IirFifoEnabled = 0xc0;
    private const byte FcrEnable = 0x01;
    private const byte FcrClearReceive = 0x02;
    private const byte LcrDivisorLatch = 0x80;
    private const byte McrLoopback = 0x10;
    private const byte LsrDataReady = 0x01;
    private const byte LsrTransmitEmpty = 0x60;
    private const byte MsrConnected = 0xb0; // carrier, data set ready, clear to send

    // Cold: a quiet guest writes nothing here. Input comes from another thread, so the registers need a lock of their own.
    private readonly Lock _lock = new();
    private readonly IInterruptLine _interrupt;
    private readonly ISerialOutput _output;
    private readonly byte[] _fifo = new byte[FifoSize];
    private int _fifoStart;
    private int _fifoCount;
    private byte _interruptEnable;
    private byte _fifoControl;
    private byte _lineControl = 0x03;
    private byte _modemControl = 0x08;
    private byte _scratch;
    private ushort _divisor = 0x0c;
    private bool _transmitPending;

    /// <param name="interrupt">Raised for received bytes and for an empty transmitter, where the guest enabled them.</param>
    /// <param name="output">Where transmitted bytes go.</param>
    public Serial16550(IInterruptLine interrupt, ISerialOutput output)
    {
        _interrupt = interrupt;
        _output = output;
    }

    /// <summary>Puts bytes on the receive line.</summary>
    /// <returns>How many fitted into the FIFO; the rest is the caller's to send later.</returns>
    public int Receive(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            int count = Math.Min(bytes.Length, FifoSize - _fifoCount);
            foreach (byte b in bytes[..count])
            {
                Enqueue(b);
            }

            RaiseIf(count > 0 && (_interruptEnable & IerReceive) != 0);
            return count;
        }
    }

    /// <inheritdoc/>
    public void Read(ulong offset, Span<byte> data)
    {
        data.Fill(0xff);
        lock (_lock)
        {
            data[0] = ReadRegister(offset);
        }
    }

    /// <inheritdoc/>
    public void Write(ulong offset, ReadOnlySpan<byte> data)
    {
        lock (_lock)
        {
            WriteRegister(offset, data[0]);
        }
    }

    internal void Save(StateWriter state)
    {
        lock (_lock)
        {
            Span<byte> received = stackalloc byte[FifoSize];
            for (int i = 0; i < _fifoCount; i++)
            {
                received[i] = _fifo[(_fifoStart + i) % FifoSize];
            }

            state.WriteBytes([_interruptEnable, _fifoControl, _lineControl, _modemControl, _scratch, (byte)_divisor, (byte)(_divisor >> 8), _transmitPending ? (byte)1 : (byte)0]);
            state.WriteBytes(received[.._fifoCount]);
        }
    }

    internal void Restore(ref StateReader state)
    {
        ReadOnlySpan<byte> registers = state.ReadBytes();
        ReadOnlySpan<byte> received = state.ReadBytes();
        if (registers.Length != 8 || received.Length > FifoSize)
        {
            throw state.Damaged();
        }

        lock (_lock)
        {
            _interruptEnable = (byte)(registers[0] & IerMask);
            _fifoControl = registers[1];
            _lineControl = registers[2];
            _modemControl = registers[3];
            _scratch = registers[4];
            _divisor = (ushort)(registers[5] | (registers[6] << 8));
            _transmitPending = registers[7] != 0;
            received.CopyTo(_fifo);
            _fifoStart = 0;
            _fifoCount = received.Length;
            // One that was under way when the machine was saved may not have reached the interrupt controller; one too many does no harm.
            RaiseIf((_transmitPending && (_interruptEnable & IerTransmit) != 0) || (_fifoCount > 0 && (_interruptEnable & IerReceive) != 0));
        }
    }

    private bool DivisorLatch => (_lineControl & LcrDivisorLatch) != 0;

    private byte ReadRegister(ulong offset) => offset switch
    {
        0 when DivisorLatch => (byte)_divisor,
        0 => Dequeue(),
        1 when DivisorLatch => (byte)(_divisor >> 8),
        1 => _interruptEnable,
        2 => ReadInterruptIdentification(),
        3 => _lineControl,
        4 => _modemControl,
        5 => (byte)(LsrTransmitEmpty | (_fifoCount > 0 ? LsrDataReady : 0)),
        6 => ReadModemStatus(),
        _ => _scratch,
    };

    private void WriteRegister(ulong offset, byte value)
    {
        switch (offset)
        {
            case 0 when DivisorLatch:
                _divisor = (ushort)((_divisor & 0xff00) | value);
                break;
            case 0:
                Transmit(value);
                break;
            case 1 when DivisorLatch:
                _divisor = (ushort)((_divisor & 0x00ff) | (value << 8));
                break;
            case 1:
                bool transmitEnabled = (value & ~_interruptEnable & IerTransmit) != 0;
                _interruptEnable = (byte)(value & IerMask);
                _transmitPending = transmitEnabled || (_transmitPending && (value & IerTransmit) != 0);
                RaiseIf(transmitEnabled || (_fifoCount > 0 && (_interruptEnable & IerReceive) != 0));
                break;
            case 2:
                _fifoControl = (byte)(value & FcrEnable);
                if ((value & FcrClearReceive) != 0)
                {
                    _fifoCount = 0;
                }

                break;
            case 3:
                _lineControl = value;
                break;
            case 4:
                _modemControl = (byte)(value & 0x1f);
                break;
            case 7:
                _scratch = value;
                break;
        }
    }

    private void Transmit(byte value)
    {
        if ((_modemControl & McrLoopback) != 0)
        {
            if (_fifoCount < FifoSize)
            {
                Enqueue(value);
                RaiseIf((_interruptEnable & IerReceive) != 0);
            }

            return;
        }

        _output.Write(value);
        _transmitPending = (_interruptEnable & IerTransmit) != 0;
        RaiseIf(_transmitPending);
    }

    private byte ReadInterruptIdentification()
    {
        byte fifo = _fifoControl != 0 ? IirFifoEnabled : (byte)0;
        if (_fifoCount > 0 && (_interruptEnable & IerReceive) != 0)
        {
            return (byte)(fifo | IirReceive);
        }

        if (_transmitPending)
        {
            _transmitPending = false;
            return (byte)(fifo | IirTransmit);
        }

        return (byte)(fifo | IirNone);
    }

    private byte ReadModemStatus()
    {
        if ((_modemControl & McrLoopback) == 0)
        {
            return MsrConnected;
        }

        // In loopback the four outputs appear on the four inputs: RTS on CTS, DTR on DSR, OUT1 on RI, OUT2 on DCD.
        int mcr = _modemControl;
        return (byte)(((mcr & 2) << 3) | ((mcr & 1) << 5) | ((mcr & 4) << 4) | ((mcr & 8) << 4));
    }

    private void Enqueue(byte value)
    {
        _fifo[(_fifoStart + _fifoCount) % FifoSize] = value;
        _fifoCount++;
    }

    private byte Dequeue()
    {
        if (_fifoCount == 0)
        {
            return 0;
        }

        byte value = _fifo[_fifoStart];
        _fifoStart = (_fifoStart + 1) % FifoSize;
        _fifoCount--;
        RaiseIf(_fifoCount > 0 && (_interruptEnable & IerReceive) != 0);
        return value;
    }

    private void RaiseIf(bool condition)
    {
        if (condition)
        {
            _interrupt.Trigger();
        }
    }
}
