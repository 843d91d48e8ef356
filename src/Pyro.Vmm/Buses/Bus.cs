namespace Pyro.Vmm.Buses;

/// <summary>An address space of devices: ports, or memory-mapped registers.</summary>
/// <remarks>
/// Look-ups take no lock. Nobody at an address is not an error, guests probe: reads give all ones and are counted.
/// </remarks>
public sealed class Bus
{
    private readonly Lock _adding = new();
    private volatile Range[] _ranges = [];
    private long _unknownReads;
    private long _unknownWrites;

    /// <summary>Reads that no device answered.</summary>
    public long UnknownReads => Interlocked.Read(ref _unknownReads);

    /// <summary>Writes that no device took.</summary>
    public long UnknownWrites => Interlocked.Read(ref _unknownWrites);

    /// <summary>Puts a device on the bus.</summary>
    /// <param name="start">First address.</param>
    /// <param name="length">Addresses it answers, 1 or more.</param>
    /// <param name="device">Who answers.</param>
    /// <exception cref="ArgumentException">The range is empty, wraps around, or overlaps another device's.</exception>
    public void Add(ulong start, ulong length, IBusDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        if (length == 0 || start > ulong.MaxValue - (length - 1))
            throw new ArgumentException($"the range 0x{start:x} + 0x{length:x} is empty or wraps around", nameof(length));

        lock (_adding)
        {
            Range[] old = _ranges;
            int index = 0;
            while (index < old.Length && old[index].Start < start)
                index++;

            ulong last = start + (length - 1);
            if ((index > 0 && old[index - 1].Last >= start) || (index < old.Length && old[index].Start <= last))
                throw new ArgumentException($"the range 0x{start:x} + 0x{length:x} overlaps another device's", nameof(start));

            _ranges = [.. old[..index], new Range(start, last, device), .. old[index..]];
        }
    }

    /// <summary>Reads from the device at an address.</summary>
    /// <returns>False if none answers the whole access; <paramref name="data"/> is then all ones.</returns>
    public bool Read(ulong address, Span<byte> data)
    {
        if (Find(address, data.Length) is { } range)
        {
            range.Device.Read(address - range.Start, data);
            return true;
        }

        data.Fill(0xff);
        Interlocked.Increment(ref _unknownReads);
        return false;
    }

    /// <summary>Writes to the device at an address.</summary>
    /// <returns>False if none takes the whole access.</returns>
    public bool Write(ulong address, ReadOnlySpan<byte> data)
    {
        if (Find(address, data.Length) is { } range)
        {
            range.Device.Write(address - range.Start, data);
            return true;
        }

        Interlocked.Increment(ref _unknownWrites);
        return false;
    }

    private Range? Find(ulong address, int length)
    {
        Range[] ranges = _ranges;
        int low = 0;
        int high = ranges.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            Range range = ranges[middle];
            if (address < range.Start)
                high = middle - 1;
            else if (address > range.Last)
                low = middle + 1;
            else
                return range.Last - address >= (ulong)length - 1 ? range : null;
        }

        return null;
    }

    private sealed record Range(ulong Start, ulong Last, IBusDevice Device);
}
