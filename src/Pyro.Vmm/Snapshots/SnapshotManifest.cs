using System.Buffers;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Kvm.Native;

namespace Pyro.Vmm.Snapshots;

/// <summary>What a snapshot was taken with: kept in its state file and compared before anything is restored.</summary>
public sealed record SnapshotManifest
{
    /// <summary>A line for each part of the machine, as <c>kernel: ...</c>.</summary>
    public required IReadOnlyList<string> Parts { get; init; }

    /// <summary>The frozen layers over the machine's disks, in the order of the configuration.</summary>
    public required IReadOnlyList<LayerRecord> Layers { get; init; }

    /// <summary>Refuses another machine's parts.</summary>
    /// <param name="parts">The parts that the machine is to have.</param>
    /// <param name="name">The snapshot's name for messages.</param>
    /// <exception cref="SnapshotException">One differs; the message names it.</exception>
    internal void RequireParts(IReadOnlyList<string> parts, string name)
    {
        foreach (string part in parts)
        {
            string kind = part[..(part.IndexOf(':', StringComparison.Ordinal) + 1)];
            string? had = Parts.FirstOrDefault(p => p.StartsWith(kind, StringComparison.Ordinal));
            if (had != part)
                throw new SnapshotException($"{name}: was taken with another {kind.TrimEnd(':')} ({had?[kind.Length..].Trim() ?? "none"} instead of {part[kind.Length..].Trim()})");
        }
    }

    /// <summary>Refuses layers that are not as they were.</summary>
    /// <exception cref="SnapshotException">One is damaged, or of another snapshot.</exception>
    internal void RequireLayers(ReadOnlySpan<SafeFileHandle> layers, string name)
    {
        if (layers.Length != Layers.Count)
            throw new SnapshotException($"{name}: has {Layers.Count} disk layers, {layers.Length} are there");
        for (int i = 0; i < layers.Length; i++)
        {
            if (FileStamp.Of(layers[i]) != Layers[i].Stamp && ChecksumOf(layers[i]) != Layers[i].Checksum)
                throw new SnapshotException($"{name}: its disk layer {i} has a wrong checksum: it is damaged");
        }
    }

    /// <summary>Describes a layer that nobody writes to any more.</summary>
    internal static LayerRecord Describe(SafeFileHandle layer) => new(FileStamp.Of(layer), ChecksumOf(layer));

    // Over each run of data and where it lies; a copy may have other holes, and zeroes count for nothing.
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

/// <summary>A frozen disk layer.</summary>
/// <param name="Stamp">Its file when the snapshot was taken.</param>
/// <param name="Checksum">CRC-32C of its data.</param>
public sealed record LayerRecord(FileStamp Stamp, uint Checksum);
