using System.Runtime.InteropServices;

namespace Pyro.Vmm.Memory;

/// <summary>A piece of host memory to read from or write to: <c>struct iovec</c> of readv(2).</summary>
/// <param name="Base">First host address.</param>
/// <param name="Length">Bytes.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct IoVector(nint Base, nuint Length)
{
    /// <summary>The most vectors one preadv(2) or pwritev(2) takes (IOV_MAX).</summary>
    public const int MaxCount = 1024;

    /// <summary>Bytes in all of <paramref name="vectors"/>.</summary>
    public static ulong TotalLength(ReadOnlySpan<IoVector> vectors)
    {
        ulong total = 0;
        foreach (IoVector vector in vectors)
            total += vector.Length;
        return total;
    }

    /// <summary>Cuts <paramref name="length"/> bytes at <paramref name="offset"/> out of <paramref name="vectors"/>.</summary>
    /// <param name="vectors">The whole.</param>
    /// <param name="offset">Bytes to leave out at the front.</param>
    /// <param name="length">Bytes to keep; fewer are kept if the whole is shorter.</param>
    /// <param name="into">Room for the cut: as many vectors as the whole has.</param>
    /// <returns>How many vectors of <paramref name="into"/> are the cut.</returns>
    public static int Slice(ReadOnlySpan<IoVector> vectors, ulong offset, ulong length, Span<IoVector> into)
    {
        int count = 0;
        foreach (IoVector vector in vectors)
        {
            if (length == 0)
                break;
            if (offset >= vector.Length)
            {
                offset -= vector.Length;
                continue;
            }

            ulong take = Math.Min(vector.Length - offset, length);
            into[count++] = new IoVector(vector.Base + (nint)offset, (nuint)take);
            length -= take;
            offset = 0;
        }

        return count;
    }
}
