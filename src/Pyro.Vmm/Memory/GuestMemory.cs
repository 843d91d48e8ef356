using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Kvm.Native;

namespace Pyro.Vmm.Memory;

/// <summary>
/// The guest's memory, and the only place that turns guest addresses into host memory. Every access is checked
/// against the regions, overflow of address plus length included.
/// </summary>
/// <remarks>
/// Memory lies at [0, 3 GiB) and from 4 GiB on; the hole between is for devices and the interrupt controllers.
/// The guest's vCPUs change this memory at any time: read a value once, then check the copy.
/// Spans and pointers are good until <see cref="Dispose"/>, which must come after vCPU and device threads have ended.
/// </remarks>
public sealed unsafe class GuestMemory : IDisposable
{
    /// <summary>Where the hole begins, and the most memory that lies below it.</summary>
    public const ulong HoleStart = 3UL << 30;

    /// <summary>Where memory goes on above the hole.</summary>
    public const ulong HoleEnd = 4UL << 30;

    /// <summary>Sizes are multiples of this many bytes.</summary>
    public const ulong PageSize = 4096;

    private const ulong HugePageSize = 2 << 20;

    private readonly MemoryRegion[] _regions;
    private bool _disposed;

    private GuestMemory(MemoryRegion[] regions)
    {
        _regions = regions;
        foreach (MemoryRegion region in regions)
            Size += region.Length;
    }

    /// <summary>Bytes of memory in all regions.</summary>
    public ulong Size { get; }

    /// <summary>The regions, lowest first: what becomes KVM memory slots and the guest's memory map.</summary>
    public IReadOnlyList<MemoryRegion> Regions => _regions;

    /// <summary>Maps zeroed memory. It takes none of the host's until the guest touches it.</summary>
    /// <param name="sizeBytes">A positive multiple of <see cref="PageSize"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is zero, uneven or beyond 1 TiB.</exception>
    /// <exception cref="LinuxException">The host refuses the mapping.</exception>
    public static GuestMemory Create(ulong sizeBytes)
    {
        if (sizeBytes == 0 || sizeBytes % PageSize != 0 || sizeBytes > 1UL << 40)
            throw new ArgumentOutOfRangeException(nameof(sizeBytes), sizeBytes, "guest memory is a multiple of 4096 bytes, from 4096 to 1 TiB");

        ulong low = Math.Min(sizeBytes, HoleStart);
        MemoryRegion first = MapRegion(new GuestAddress(0), low);
        if (low == sizeBytes)
            return new GuestMemory([first]);

        try
        {
            return new GuestMemory([first, MapRegion(new GuestAddress(HoleEnd), sizeBytes - low)]);
        }
        catch
        {
            UnmapRegion(first);
            throw;
        }
    }

    /// <summary>Finds a range in host memory.</summary>
    /// <param name="address">First guest address.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="host">The first host byte, or null.</param>
    /// <returns>False if any byte of the range is outside the one region it begins in.</returns>
    public bool TryGetPointer(GuestAddress address, ulong length, out byte* host)
    {
        foreach (ref readonly MemoryRegion region in _regions.AsSpan())
        {
            // Wraps to a huge offset for an address below the region; no sum of guest values is ever formed.
            ulong offset = address.Value - region.Start.Value;
            if (offset < region.Length && length <= region.Length - offset)
            {
                // SAFETY: offset + length lies within the region's mapping, as just checked.
                host = (byte*)region.Host + offset;
                return true;
            }
        }

        host = null;
        return false;
    }

    /// <summary>A range as a span.</summary>
    /// <param name="address">First guest address.</param>
    /// <param name="length">Bytes, at most <see cref="int.MaxValue"/>.</param>
    /// <param name="span">The range, or empty.</param>
    /// <returns>False if any byte of the range is outside the one region it begins in.</returns>
    public bool TryGetSpan(GuestAddress address, uint length, out Span<byte> span)
    {
        if (length > int.MaxValue || !TryGetPointer(address, length, out byte* host))
        {
            span = default;
            return false;
        }

        // SAFETY: TryGetPointer vouches for length bytes, and the mapping lives as long as this object.
        span = new Span<byte>(host, (int)length);
        return true;
    }

    /// <summary>A range as a span, for addresses that this VMM computed itself.</summary>
    /// <param name="address">First guest address.</param>
    /// <param name="length">Bytes, at most <see cref="int.MaxValue"/>.</param>
    /// <exception cref="GuestMemoryException">Some byte of the range is not guest memory.</exception>
    public Span<byte> GetSpan(GuestAddress address, uint length) =>
        TryGetSpan(address, length, out Span<byte> span) ? span : throw new GuestMemoryException(address, length);

    /// <summary>Reads a value, at any alignment.</summary>
    /// <returns>False if any byte of it is not guest memory.</returns>
    public bool TryRead<T>(GuestAddress address, out T value)
        where T : unmanaged
    {
        if (!TryGetPointer(address, (ulong)sizeof(T), out byte* host))
        {
            value = default;
            return false;
        }

        // SAFETY: TryGetPointer vouches for sizeof(T) bytes.
        value = Unsafe.ReadUnaligned<T>(host);
        return true;
    }

    /// <summary>Writes a value, at any alignment.</summary>
    /// <returns>False, with nothing written, if any byte of it is not guest memory.</returns>
    public bool TryWrite<T>(GuestAddress address, T value)
        where T : unmanaged
    {
        if (!TryGetPointer(address, (ulong)sizeof(T), out byte* host))
            return false;

        // SAFETY: TryGetPointer vouches for sizeof(T) bytes.
        Unsafe.WriteUnaligned(host, value);
        return true;
    }

    /// <summary>
    /// Puts a file's pages into the guest's memory, shared until somebody writes to them. The file must not be cut short or
    /// written to in place while the machine lives, which is why the cache replaces its files instead.
    /// </summary>
    /// <param name="address">First guest address, on a page.</param>
    /// <param name="length">Bytes, whole pages.</param>
    /// <param name="file">An open file; may be closed afterwards.</param>
    /// <param name="offset">Where in the file, on a page.</param>
    /// <exception cref="GuestMemoryException">Some byte of the range is not guest memory.</exception>
    /// <exception cref="LinuxException">The file cannot be mapped.</exception>
    public void MapFile(GuestAddress address, ulong length, SafeFileHandle file, ulong offset)
    {
        if ((address.Value | length | offset) % PageSize != 0)
            throw new ArgumentException($"0x{length:x} bytes from 0x{offset:x} to guest address 0x{address.Value:x} are not whole pages");
        if (!TryGetPointer(address, length, out byte* host))
            throw new GuestMemoryException(address, length);
        // SAFETY: the range lies within the region's mapping, as just checked, and replaces pages that nobody uses yet.
        void* mapped = Libc.mmap(
            host, (nuint)length, Uapi.PROT_READ | Uapi.PROT_WRITE, Uapi.MAP_PRIVATE | Uapi.MAP_FIXED | Uapi.MAP_NORESERVE, file, (long)offset);
        if ((nint)mapped == -1)
            throw LinuxException.Last("mmap", $"{length >> 10} KiB of a file as guest memory");
        _ = Libc.madvise(host, (nuint)length, Uapi.MADV_DONTDUMP);
    }

    /// <summary>Gives pages that will be written to memory of their own now, in one call instead of a fault each.</summary>
    /// <param name="address">First guest address, on a page.</param>
    /// <param name="length">Bytes, whole pages; a range that is not guest memory is passed over.</param>
    public void Populate(GuestAddress address, ulong length)
    {
        // SAFETY: the range lies within the region's mapping. A kernel before 5.14 refuses, and then each page has its fault.
        if (length > 0 && TryGetPointer(address, length, out byte* host))
            _ = Libc.madvise(host, (nuint)length, Uapi.MADV_POPULATE_WRITE);
    }

    /// <summary>Which page of this process a guest address is in.</summary>
    /// <exception cref="GuestMemoryException">It is not guest memory.</exception>
    internal ulong HostPageOf(GuestAddress address) =>
        TryGetPointer(address, 1, out byte* host) ? (ulong)host / PageSize : throw new GuestMemoryException(address, 1);

    /// <summary>
    /// Gives the host back what pages hold. The guest finds them zeroed when it touches them next, or, where a file is
    /// mapped, as they are in the file.
    /// </summary>
    /// <param name="range">A piece of this memory. Pages at its ends that are not whole in it are kept.</param>
    public void GiveBack(IoVector range)
    {
        foreach (ref readonly MemoryRegion region in _regions.AsSpan())
        {
            ulong offset = (ulong)(range.Base - region.Host);
            if (offset >= region.Length || range.Length > region.Length - offset)
                continue;
            ulong first = (offset + PageSize - 1) & ~(PageSize - 1);
            ulong end = (offset + range.Length) & ~(PageSize - 1);
            // SAFETY: whole pages of the region's mapping, as just checked. The host may refuse, for memory locked into
            // place: then nothing is lost.
            if (first < end)
                _ = Libc.madvise((byte*)region.Host + first, (nuint)(end - first), Uapi.MADV_DONTNEED);
            return;
        }
    }

    /// <summary>Unmaps the memory. Every span and pointer into it is dead from here on.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        foreach (MemoryRegion region in _regions)
            UnmapRegion(region);
    }

    private static MemoryRegion MapRegion(GuestAddress start, ulong length)
    {
        // KVM maps a huge page only where guest and host addresses are equal modulo its size, and kernels before 6.7 do not
        // align by themselves: ask for more, and give back what sticks out.
        byte* begin = (byte*)Libc.mmap(
            null, (nuint)(length + HugePageSize), Uapi.PROT_READ | Uapi.PROT_WRITE, Uapi.MAP_PRIVATE | Uapi.MAP_ANONYMOUS | Uapi.MAP_NORESERVE, -1, 0);
        if ((nint)begin == -1)
            throw LinuxException.Last("mmap", $"{length >> 20} MiB of guest memory");
        byte* host = (byte*)(((nuint)begin + HugePageSize - 1) & ~(nuint)(HugePageSize - 1));
        TrimMapping(begin, (nuint)(host - begin));
        TrimMapping(host + length, (nuint)(begin + HugePageSize - host));
        // Both are advice: a kernel without huge pages says no, and the guest still runs.
        _ = Libc.madvise(host, (nuint)length, Uapi.MADV_HUGEPAGE);
        _ = Libc.madvise(host, (nuint)length, Uapi.MADV_DONTDUMP);
        return new MemoryRegion(start, length, (nint)host);
    }

    private static void TrimMapping(byte* start, nuint length)
    {
        if (length > 0)
            _ = Libc.munmap(start, length);
    }

    private static void UnmapRegion(MemoryRegion region) => _ = Libc.munmap((void*)region.Host, (nuint)region.Length);
}
