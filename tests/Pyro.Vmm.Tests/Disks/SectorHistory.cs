namespace Pyro.Vmm.Tests.Disks;

/// <summary>What each sector of a disk may hold after a crash: what it held at the last flush, or anything written to it since.</summary>
internal sealed class SectorHistory
{
    private const int SectorSize = 512;

    private readonly byte[][] _now;
    private readonly List<byte[]>[] _allowed;

    internal SectorHistory(byte[] content)
    {
        _now = Sectors(content);
        _allowed = _now.Select(sector => new List<byte[]> { sector }).ToArray();
    }

    /// <summary>A write begins.</summary>
    internal void MayBecome(int sector, byte[] bytes)
    {
        foreach (byte[] one in Sectors(bytes))
            _allowed[sector++].Add(one);
    }

    /// <summary>A write has ended.</summary>
    internal void Is(int sector, byte[] bytes)
    {
        foreach (byte[] one in Sectors(bytes))
            _now[sector++] = one;
    }

    /// <summary>A flush has ended: nothing older is allowed any more.</summary>
    internal void Flushed()
    {
        for (int i = 0; i < _now.Length; i++)
            _allowed[i] = [_now[i]];
    }

    /// <summary>A new process found this; it is the truth from here on.</summary>
    internal void Settle(byte[] found, string when)
    {
        byte[][] sectors = Sectors(found);
        for (int i = 0; i < sectors.Length; i++)
        {
            byte[] sector = sectors[i];
            if (!_allowed[i].Exists(allowed => allowed.AsSpan().SequenceEqual(sector)))
                Assert.Fail($"{when}: sector {i} holds what it never should");
            _now[i] = sector;
            _allowed[i] = [sector];
        }
    }

    private static byte[][] Sectors(byte[] bytes) =>
        Enumerable.Range(0, bytes.Length / SectorSize).Select(i => bytes[(i * SectorSize)..((i + 1) * SectorSize)]).ToArray();
}
