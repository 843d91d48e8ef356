using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Disks;

/// <summary>Where a block device's bytes are. Calls block; one thread at a time makes them.</summary>
/// <remarks>
/// Offsets and lengths are bytes and must lie within <see cref="Length"/>. A call takes at most
/// <see cref="IoVector.MaxCount"/> vectors. Every method throws <see cref="DiskException"/> if the host cannot do it.
/// </remarks>
public interface IDiskBackend : IDisposable
{
    /// <summary>What the disk is called in messages.</summary>
    string Name { get; }

    /// <summary>Bytes, a multiple of 512.</summary>
    ulong Length { get; }

    /// <summary>Whether it never changes.</summary>
    bool IsReadOnly { get; }

    /// <summary>What it holds, if it never changes.</summary>
    DiskId Id { get; }

    /// <summary>Fills <paramref name="into"/> with the bytes at <paramref name="offset"/>.</summary>
    void Read(ulong offset, ReadOnlySpan<IoVector> into);

    /// <summary>Where the next bytes that may be other than zero begin: who copies a disk leaves the rest out.</summary>
    /// <param name="offset">Where to look from.</param>
    /// <param name="limit">Where to stop.</param>
    /// <returns>An offset from <paramref name="offset"/> on; <paramref name="limit"/> if all up to there is zero.</returns>
    ulong NextData(ulong offset, ulong limit) => offset;

    /// <summary>Puts <paramref name="from"/> at <paramref name="offset"/>. Durable after the next <see cref="Flush"/>.</summary>
    void Write(ulong offset, ReadOnlySpan<IoVector> from);

    /// <summary>When it returns, all that was written before is durable.</summary>
    void Flush();

    /// <summary>The bytes are not needed any more; they may read as anything.</summary>
    void Discard(ulong offset, ulong length);

    /// <summary>The bytes read as zero from now on.</summary>
    /// <param name="offset">First byte.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="mayUnmap">Whether their space may be given back to the host.</param>
    void WriteZeroes(ulong offset, ulong length, bool mayUnmap);
}
