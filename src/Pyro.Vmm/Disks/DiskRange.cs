namespace Pyro.Vmm.Disks;

/// <summary>Bounds of disk accesses.</summary>
internal static class DiskRange
{
    /// <summary>Whether [offset, offset + length) lies within a disk.</summary>
    internal static bool IsWithin(ulong offset, ulong length, ulong diskLength) =>
        offset <= diskLength && length <= diskLength - offset;

    internal static void ThrowIfOutside(ulong offset, ulong length, ulong diskLength)
    {
        if (!IsWithin(offset, length, diskLength))
            throw new ArgumentOutOfRangeException(nameof(offset), $"bytes {offset} + {length} are outside a disk of {diskLength} bytes");
    }
}
