using Pyro.Vmm.Buses;

namespace Pyro.Vmm.Devices;

/// <summary>
/// A one-byte port by which a guest without ACPI switches itself off. Pyro's guest kernel writes
/// <see cref="PowerOff"/> to it as the last step of <c>reboot(RB_POWER_OFF)</c>.
/// </summary>
public sealed class PowerPort(Action powerOff) : IBusDevice
{
    /// <summary>The port: where QEMU's machines have their ACPI power register.</summary>
    public const ulong Base = 0x604;

    /// <summary>ACPI's "enter S5" in the high byte of its control register.</summary>
    public const byte PowerOff = 0x34;

    /// <inheritdoc/>
    public void Read(ulong offset, Span<byte> data) => data.Clear();

    /// <inheritdoc/>
    public void Write(ulong offset, ReadOnlySpan<byte> data)
    {
        if (data.Length == 1 && data[0] == PowerOff)
        {
            powerOff();
        }
    }
}
