using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Snapshots;

/// <summary>Pages of guest memory, one behind the other.</summary>
/// <param name="Address">First guest address.</param>
/// <param name="Length">Bytes.</param>
internal readonly record struct PageRange(ulong Address, ulong Length);

/// <summary>
/// The pages of a snapshot's memory file that a machine writes to when it goes on from there. A machine that is told of
/// them has them copied in a few calls, where each would cost a fault of the guest's. It is a hint: a file that is empty,
/// damaged or somebody else's costs nothing but that.
/// </summary>
/// <remarks>The file is a CRC-32C of the rest, the number of ranges, and the ranges.</remarks>
internal static class WorkingSet
{
    /// <summary>What a file can make a machine take at once: its first commands write to some five megabytes.</summary>
    internal const ulong MostBytes = 16 << 20;

    private const int HeaderLength = 2 * sizeof(uint);
    private const int MaxLength = HeaderLength + ((int)(MostBytes / GuestMemory.PageSize) * 2 * sizeof(ulong));

    private const ulong Present = 1UL << 63;
    private const ulong OfFile = 1UL << 61;

    /// <summary>
    /// Opens what tells which pages this process has. A process that has given up being traced may not, so it comes before
    /// <see cref="Processes.Confinement"/>.
    /// </summary>
    /// <exception cref="IOException">The kernel does not tell.</exception>
    internal static SafeFileHandle OpenPageMap() => File.OpenHandle("/proc/self/pagemap");

    /// <summary>Notes which pages of the memory file the machine has written to, and so has copies of.</summary>
    /// <param name="file">Where to, an empty file.</param>
    /// <param name="memory">The machine's memory.</param>
    /// <param name="extents">Where the memory file is mapped.</param>
    /// <param name="pageMap">From <see cref="OpenPageMap"/>.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    internal static void Note(SafeFileHandle file, GuestMemory memory, ReadOnlySpan<MemoryExtent> extents, SafeFileHandle pageMap)
    {
        var ranges = new List<PageRange>();
        ulong sum = 0;
        foreach (ref readonly MemoryExtent extent in extents)
        {
            foreach (PageRange range in CopiedPages(memory, extent, pageMap))
            {
                sum += range.Length;
                if (sum > MostBytes)
                    return;
                ranges.Add(range);
            }
        }

        RandomAccess.Write(file, ToBytes(CollectionsMarshal.AsSpan(ranges)), 0);
    }

    /// <summary>Gives a restored machine its own copies of the pages that it is about to write to.</summary>
    /// <param name="file">What <see cref="Note"/> wrote.</param>
    /// <param name="memory">The machine's memory.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    internal static void Prefetch(SafeFileHandle file, GuestMemory memory)
    {
        long length = RandomAccess.GetLength(file);
        if (length is < HeaderLength or > MaxLength)
            return;
        byte[] bytes = new byte[length];
        if (RandomAccess.Read(file, bytes, 0) != bytes.Length)
            return;
        foreach (PageRange range in Parse(bytes))
            memory.Populate(new GuestAddress(range.Address), range.Length);
    }

    internal static byte[] ToBytes(ReadOnlySpan<PageRange> ranges)
    {
        ReadOnlySpan<byte> data = MemoryMarshal.AsBytes(ranges);
        byte[] bytes = new byte[HeaderLength + data.Length];
        MemoryMarshal.Write(bytes.AsSpan(sizeof(uint)), (uint)ranges.Length);
        data.CopyTo(bytes.AsSpan(HeaderLength));
        MemoryMarshal.Write(bytes, SnapshotFile.Checksum(bytes.AsSpan(sizeof(uint))));
        return bytes;
    }

    /// <summary>The ranges of a file; none if it is not whole, or wants more than any machine should take.</summary>
    internal static ReadOnlySpan<PageRange> Parse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length is < HeaderLength or > MaxLength || MemoryMarshal.Read<uint>(bytes) != SnapshotFile.Checksum(bytes[sizeof(uint)..]))
            return [];
        ReadOnlySpan<PageRange> ranges = MemoryMarshal.Cast<byte, PageRange>(bytes[HeaderLength..]);
        if (MemoryMarshal.Read<uint>(bytes[sizeof(uint)..]) != ranges.Length)
            return [];
        ulong sum = 0;
        foreach (PageRange range in ranges)
        {
            if ((range.Address | range.Length) % GuestMemory.PageSize != 0 || range.Length > MostBytes || (sum += range.Length) > MostBytes)
                return [];
        }

        return ranges;
    }

    private static List<PageRange> CopiedPages(GuestMemory memory, in MemoryExtent extent, SafeFileHandle pageMap)
    {
        var ranges = new List<PageRange>();
        Span<ulong> entries = stackalloc ulong[512];
        for (ulong done = 0; done < extent.Length;)
        {
            int count = (int)Math.Min((ulong)entries.Length, (extent.Length - done) / GuestMemory.PageSize);
            Span<byte> read = MemoryMarshal.AsBytes(entries[..count]);
            ulong address = extent.Address + done;
            if (RandomAccess.Read(pageMap, read, (long)(memory.HostPageOf(new GuestAddress(address)) * sizeof(ulong))) != read.Length)
                return [];
            for (int i = 0; i < count; i++)
            {
                if ((entries[i] & (Present | OfFile)) == Present)
                    Append(ranges, address + ((ulong)i * GuestMemory.PageSize));
            }

            done += (ulong)count * GuestMemory.PageSize;
        }

        return ranges;
    }

    private static void Append(List<PageRange> ranges, ulong page)
    {
        if (ranges.Count > 0 && ranges[^1].Address + ranges[^1].Length == page)
            ranges[^1] = ranges[^1] with { Length = ranges[^1].Length + GuestMemory.PageSize };
        else
            ranges.Add(new PageRange(page, GuestMemory.PageSize));
    }
}
