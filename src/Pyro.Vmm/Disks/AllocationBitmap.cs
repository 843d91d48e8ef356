using System.Numerics;
using System.Runtime.InteropServices;

namespace Pyro.Vmm.Disks;

/// <summary>One bit a cluster: set where an overlay, and not its base, holds the cluster. Remembers which pages of itself changed.</summary>
internal sealed class AllocationBitmap
{
    /// <summary>The unit in which the bitmap is saved.</summary>
    internal const int PageBytes = 4096;

    private const int PageWords = PageBytes / sizeof(ulong);

    private readonly ulong[] _words;
    private readonly bool[] _dirtyPages;

    internal AllocationBitmap(ulong clusters)
    {
        _words = new ulong[ByteLength(clusters) / sizeof(ulong)];
        _dirtyPages = new bool[_words.Length / PageWords];
    }

    /// <summary>Whether something was set since the last <see cref="Save"/>.</summary>
    internal bool IsDirty { get; private set; }

    /// <summary>Bytes of a bitmap in a file: whole pages.</summary>
    internal static ulong ByteLength(ulong clusters) => (clusters + (PageBytes * 8) - 1) / (PageBytes * 8) * PageBytes;

    internal bool IsSet(ulong cluster) => (_words[cluster / 64] & (1UL << (int)(cluster % 64))) != 0;

    /// <summary>How many clusters from <paramref name="first"/> on, up to <paramref name="last"/>, are in the same state as it.</summary>
    internal ulong RunLength(ulong first, ulong last, out bool set)
    {
        set = IsSet(first);
        ulong flip = set ? ulong.MaxValue : 0;
        ulong at = first;
        while (at <= last)
        {
            ulong differing = (_words[at / 64] ^ flip) >> (int)(at % 64);
            if (differing != 0)
            {
                at += (ulong)BitOperations.TrailingZeroCount(differing);
                break;
            }

            at = (at / 64 * 64) + 64;
        }

        return Math.Min(at, last + 1) - first;
    }

    internal void Set(ulong first, ulong last)
    {
        for (ulong word = first / 64; word <= last / 64; word++)
        {
            ulong mask = ulong.MaxValue;
            if (word == first / 64)
                mask &= ulong.MaxValue << (int)(first % 64);
            if (word == last / 64)
                mask &= ulong.MaxValue >> (int)(63 - (last % 64));
            if ((_words[word] & mask) == mask)
                continue;
            _words[word] |= mask;
            _dirtyPages[word / PageWords] = true;
            IsDirty = true;
        }
    }

    internal void Load(DiskFile file, ulong offset) => file.Read(offset, MemoryMarshal.AsBytes(_words.AsSpan()));

    /// <summary>Writes the changed pages. What they say must be in the file by then.</summary>
    internal void Save(DiskFile file, ulong offset)
    {
        for (int page = 0; page < _dirtyPages.Length; page++)
        {
            if (!_dirtyPages[page])
                continue;
            file.Write(offset + ((ulong)page * PageBytes), MemoryMarshal.AsBytes(_words.AsSpan(page * PageWords, PageWords)));
            _dirtyPages[page] = false;
        }

        IsDirty = false;
    }
}
