using Microsoft.Win32.SafeHandles;
using Pyro.Vmm.Disks;

namespace Pyro.Workspaces.Disks;

/// <summary>Copies a disk, all its layers as one, to a raw image. What is zero becomes a hole.</summary>
internal static class DiskCopy
{
    private const int PieceBytes = 1 << 20;
    /// <summary>What file systems keep holes in.</summary>
    private const int BlockBytes = 4096;

    /// <summary>Copies.</summary>
    /// <returns>Bytes that were written.</returns>
    /// <exception cref="DiskException">The disk cannot be read.</exception>
    /// <exception cref="IOException">The image cannot be written.</exception>
    internal static long Copy(OverlayDisk disk, SafeFileHandle image, CancellationToken cancellationToken)
    {
        RandomAccess.SetLength(image, (long)disk.Length);
        var piece = new byte[PieceBytes];
        long written = 0;
        for (ulong at = 0; (at = disk.NextData(at, disk.Length)) < disk.Length;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            at -= at % BlockBytes;
            Span<byte> bytes = piece.AsSpan(0, (int)Math.Min(PieceBytes, disk.Length - at));
            disk.Read(at, bytes);
            written += Write(image, bytes, (long)at);
            at += (ulong)bytes.Length;
        }

        return written;
    }

    private static long Write(SafeFileHandle image, ReadOnlySpan<byte> bytes, long offset)
    {
        long written = 0;
        for (int at = 0; at < bytes.Length;)
        {
            int end = at;
            while (end < bytes.Length && bytes[end..Math.Min(end + BlockBytes, bytes.Length)].ContainsAnyExcept((byte)0))
                end += BlockBytes;
            end = Math.Min(end, bytes.Length);
            if (end > at)
            {
                RandomAccess.Write(image, bytes[at..end], offset + at);
                written += end - at;
            }

            // The block that ended the run is zero.
            at = end + BlockBytes;
        }

        return written;
    }
}
