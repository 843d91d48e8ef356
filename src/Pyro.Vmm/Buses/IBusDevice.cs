namespace Pyro.Vmm.Buses;

/// <summary>What answers on a range of a <see cref="Bus"/>. Called on vCPU threads, several at once.</summary>
public interface IBusDevice
{
    /// <summary>The guest reads.</summary>
    /// <param name="offset">Bytes from the start of the device's range.</param>
    /// <param name="data">To be filled whole: 1, 2, 4 or 8 bytes, all within the range.</param>
    void Read(ulong offset, Span<byte> data);

    /// <summary>The guest writes.</summary>
    /// <param name="offset">Bytes from the start of the device's range.</param>
    /// <param name="data">1, 2, 4 or 8 bytes, all within the range.</param>
    void Write(ulong offset, ReadOnlySpan<byte> data);
}
