using System.Runtime.CompilerServices;

namespace Pyro.Vmm.Virtio;

/// <summary>One device's registers and configuration as the driver reads them.</summary>
public readonly unsafe struct RegisterWindow
{
    /// <summary>Bytes of bus that a device takes: 256 of registers and as many of configuration.</summary>
    public const int Length = 0x200;

    private readonly byte* _start;

    internal RegisterWindow(byte* start) => _start = start;

    /// <summary>A register. The guest reads it at any time, so that it is changed by single stores or atomic operations.</summary>
    /// <param name="offset">Bytes from the window's start: a multiple of 4.</param>
    internal ref uint this[int offset]
    {
        get
        {
            if ((uint)offset > Length - sizeof(uint) || offset % sizeof(uint) != 0)
                throw new ArgumentOutOfRangeException(nameof(offset));
            // SAFETY: offset is aligned and within the window, as just checked; the pages outlive their devices.
            return ref Unsafe.AsRef<uint>(_start + offset);
        }
    }

    /// <summary>Bytes of the window.</summary>
    /// <param name="offset">The first one's distance from the window's start.</param>
    /// <param name="length">How many.</param>
    internal Span<byte> Bytes(int offset, int length) =>
        // SAFETY: Slice checks the range against the window; the pages outlive their devices.
        new Span<byte>(_start, Length).Slice(offset, length);
}
