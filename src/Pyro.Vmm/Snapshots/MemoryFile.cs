using Microsoft.Win32.SafeHandles;
using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Snapshots;

/// <summary>A range of guest memory that is not all zero.</summary>
/// <param name="Address">First guest address, on a page.</param>
/// <param name="Length">Bytes, whole pages.</param>
/// <param name="Checksum">CRC-32C of the bytes.</param>
internal readonly record struct MemoryExtent(ulong Address, ulong Length, ulong Checksum);

/// <summary>
/// The memory file: guest memory from its first byte to its last, region behind region, with holes where it is zero.
/// Restored machines map its extents and copy a page only when they write to it.
/// </summary>
internal static class MemoryFile
{
    private const ulong PageSize = GuestMemory.PageSize;
    private const int MaxPiece = 16 << 20;

    /// <summary>Maps the extents into fresh memory.</summary>
    /// <param name="memory">Memory of the same size, still zero.</param>
    /// <param name="file">What <see cref="MemoryImage"/> wrote; must not change while a machine uses it.</param>
    /// <param name="extents">What was written there.</param>
    /// <param name="name">The snapshot's name for messages.</param>
    /// <param name="verify">Whether to read all of it and compare checksums.</param>
    /// <exception cref="SnapshotException">The file is not as long as it was, or damaged.</exception>
    internal static void Map(GuestMemory memory, SafeFileHandle file, ReadOnlySpan<MemoryExtent> extents, string name, bool verify)
    {
        if (RandomAccess.GetLength(file) != (long)memory.Size)
            throw new SnapshotException($"{name}: its memory file has {RandomAccess.GetLength(file)} bytes instead of {memory.Size}: it was cut short or replaced");
        foreach (ref readonly MemoryExtent extent in extents)
        {
            if (FileOffset(memory, extent) is not ulong offset)
                throw new SnapshotException($"{name}: it has memory at 0x{extent.Address:x}, where this machine has none");
            memory.MapFile(new GuestAddress(extent.Address), extent.Length, file, offset);
            if (verify && ChecksumOf(memory, extent) != extent.Checksum)
                throw new SnapshotException($"{name}: its memory at 0x{extent.Address:x} has a wrong checksum: it is damaged");
        }
    }

    private static ulong? FileOffset(GuestMemory memory, in MemoryExtent extent)
    {
        if (extent.Length == 0 || (extent.Address | extent.Length) % PageSize != 0)
            return null;
        ulong before = 0;
        foreach (MemoryRegion region in memory.Regions)
        {
            ulong offset = extent.Address - region.Start.Value;
            if (offset < region.Length && extent.Length <= region.Length - offset)
                return before + offset;
            before += region.Length;
        }

        return null;
    }

    private static uint ChecksumOf(GuestMemory memory, in MemoryExtent extent)
    {
        uint crc = uint.MaxValue;
        for (ulong done = 0; done < extent.Length;)
        {
            uint piece = (uint)Math.Min(extent.Length - done, MaxPiece);
            crc = SnapshotFile.Checksum(memory.GetSpan(new GuestAddress(extent.Address + done), piece), crc);
            done += piece;
        }

        return crc;
    }
}
