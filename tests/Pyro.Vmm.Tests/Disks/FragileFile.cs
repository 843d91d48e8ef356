using Microsoft.Win32.SafeHandles;
using Pyro.Vmm.Disks;
using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Tests.Disks;

/// <summary>
/// A file, kept in memory, whose process dies or whose host loses power at a chosen change. Two images: what the page
/// cache holds, and what the last sync made durable; between them the changes that the host may or may not have got to.
/// </summary>
internal sealed unsafe class FragileFile(SafeFileHandle lockFile, byte[] content) : DiskFile(lockFile, "fragile.img")
{
    private const int SectorSize = 512;

    private readonly List<(int Offset, byte[] Bytes)> _pending = [];
    private byte[] _cached = [.. content];
    private byte[] _durable = [.. content];
    private int _changesLeft = int.MaxValue;

    internal sealed class Crash : Exception;

    internal override ulong Length => (ulong)_cached.Length;

    /// <summary>Dies in the middle of the change after this many.</summary>
    internal void CrashAfter(int changes) => _changesLeft = changes;

    /// <summary>What a new process finds: all that was written, since the host lives on.</summary>
    internal byte[] AfterKill() => [.. _cached];

    /// <summary>What the next boot finds: what was synced, and of the rest any sectors.</summary>
    internal byte[] AfterPowerLoss(Random random)
    {
        byte[] image = [.. _durable];
        foreach ((int offset, byte[] bytes) in _pending)
        {
            for (int at = 0; at < bytes.Length;)
            {
                int length = Math.Min(SectorSize - ((offset + at) % SectorSize), bytes.Length - at);
                if (random.Next(2) == 0)
                    bytes.AsSpan(at, length).CopyTo(image.AsSpan(offset + at));
                at += length;
            }
        }

        return image;
    }

    internal override void SetLength(ulong length)
    {
        Array.Resize(ref _cached, (int)length);
        Array.Resize(ref _durable, (int)length);
    }

    internal override void Read(ulong offset, ReadOnlySpan<IoVector> into)
    {
        foreach (IoVector vector in into)
        {
            _cached.AsSpan((int)offset, (int)vector.Length).CopyTo(new Span<byte>((void*)vector.Base, (int)vector.Length));
            offset += vector.Length;
        }
    }

    internal override void Write(ulong offset, ReadOnlySpan<IoVector> from)
    {
        List<byte> bytes = [];
        foreach (IoVector vector in from)
            bytes.AddRange(new ReadOnlySpan<byte>((void*)vector.Base, (int)vector.Length));
        Change((int)offset, [.. bytes]);
    }

    internal override void Sync()
    {
        if (_changesLeft-- == 0)
            throw new Crash();
        _pending.Clear();
        _durable = [.. _cached];
    }

    internal override void PunchHole(ulong offset, ulong length) => Change((int)offset, new byte[length]);

    internal override void ZeroRange(ulong offset, ulong length) => Change((int)offset, new byte[length]);

    private void Change(int offset, byte[] bytes)
    {
        bool dies = _changesLeft-- == 0;
        // A write that is cut short got to some sector.
        if (dies)
            bytes = bytes[..(bytes.Length / 2 / SectorSize * SectorSize)];
        bytes.CopyTo(_cached, offset);
        _pending.Add((offset, bytes));
        if (dies)
            throw new Crash();
    }
}
