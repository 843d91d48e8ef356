using Pyro.Vmm.Buses;

namespace Pyro.Vmm.Devices;

/// <summary>
/// The keyboard controller, reduced to what a machine without a keyboard needs of it: the reset line.
/// Linux with <c>reboot=k</c> resets by writing 0xFE to the command port.
/// </summary>
public sealed class I8042(Action reset) : IBusDevice
{
    /// <summary>Data port; status and command port is <see cref="Base"/> + 4.</summary>
    public const ulong Base = 0x60;

    /// <summary>Ports 0x60 to 0x64.</summary>
    public const ulong Length = 5;

    private const ulong CommandPort = 4;
    private const byte PulseReset = 0xfe;

    /// <inheritdoc/>
    public void Read(ulong offset, Span<byte> data)
    {
        // An empty, idle controller: no output byte waits and the input buffer is free. Linux waits for just that.
        data.Clear();
    }

    /// <inheritdoc/>
    public void Write(ulong offset, ReadOnlySpan<byte> data)
    {
        if (offset == CommandPort && data.Length == 1 && data[0] == PulseReset)
        {
            reset();
        }
    }
}
