using System.Buffers;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Kvm.Native;

namespace Pyro.Vmm.Snapshots;

/// <summary>A frozen disk layer as a snapshot remembers it.</summary>
/// <param name="Stamp">Its file when the snapshot was taken.</param>
/// <param name="Checksum">CRC-32C of its data.</param>
internal readonly record struct LayerRecord(FileStamp Stamp, ulong Checksum)
{
    /// <summary>
    /// Describes layers that nobody writes to any more. One that is known and was not touched since is not read again: the
    /// layers below a machine may be many, and large.
    /// </summary>
    internal static LayerRecord[] Of(IEnumerable<SafeFileHandle> layers, LayerRecord[] known) => Array.ConvertAll(layers.ToArray(), layer =>
    {
        FileStamp stamp = FileStamp.Of(layer);
        int at = Array.FindIndex(known, record => record.Stamp == stamp);
        return at >= 0 ? known[at] : new LayerRecord(stamp, ChecksumOf(layer));
    });

    /// <summary>Refuses layers that are not as they were.</summary>
    /// <exception cref="SnapshotException">One is damaged, or of another snapshot.</exception>
    internal static void Require(ReadOnlySpan<LayerRecord> saved, ReadOnlySpan<SafeFileHandle> layers, string name)
    {
        if (layers.Length != saved.Length)
            throw new SnapshotException($"{name}: has {saved.Length} disk layers, {layers.Length} are there");
        for (int i = 0; i < layers.Length; i++)
        {
            if (FileStamp.Of(layers[i]) != saved[i].Stamp && ChecksumOf(layers[i]) != saved[i].Checksum)
                throw new SnapshotException($"{name}: its disk layer {i} has a wrong checksum: it is damaged");
        }
    }

    // Over each piece with data and where it lies; a copy may have other holes, and zeroes count for nothing.
    private static uint ChecksumOf(SafeFileHandle file)
    {
        const int pieceLength = 64 << 10;
        byte[] piece = ArrayPool<byte>.Shared.Rent(pieceLength);
        try
        {
            uint crc = uint.MaxValue;
            for (long at = 0; (at = Libc.lseek(file, at, Uapi.SEEK_DATA)) >= 0;)
            {
                at -= at % pieceLength;
                int read = RandomAccess.Read(file, piece.AsSpan(0, pieceLength), at);
                Span<byte> data = piece.AsSpan(0, read);
                if (data.ContainsAnyExcept((byte)0))
                    crc = SnapshotFile.Checksum(data, SnapshotFile.Checksum(BitConverter.GetBytes(at), crc));
                at += pieceLength;
            }

            return crc;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }
}
