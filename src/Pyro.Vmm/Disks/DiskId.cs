using System.Buffers.Binary;

namespace Pyro.Vmm.Disks;

/// <summary>Names the contents of a read-only disk, so that a layer is never put over another disk than its own.</summary>
/// <param name="Value">16 bytes; zero means unknown, which matches any.</param>
public readonly record struct DiskId(UInt128 Value)
{
    /// <summary>Not known.</summary>
    public static DiskId Unknown => default;

    /// <summary>An id that no other disk has.</summary>
    public static DiskId New()
    {
        Span<byte> bytes = stackalloc byte[16];
        Guid.NewGuid().TryWriteBytes(bytes);
        return new DiskId(BinaryPrimitives.ReadUInt128LittleEndian(bytes));
    }

    /// <inheritdoc/>
    public override string ToString() => Value == 0 ? "unknown" : Value.ToString("x32", null);
}
