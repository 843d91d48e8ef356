using Pyro.Trees.Tar;

namespace Pyro.Trees.Tests;

/// <summary>An archive in memory, written in pieces of one size and read in pieces of another.</summary>
internal sealed class MemoryArchive(int writePiece = 1000, int readPiece = 777) : ITarOutput, ITarInput
{
    private readonly MemoryStream _bytes = new();
    private byte[] _space = new byte[writePiece];
    private int _read;

    public byte[] Bytes
    {
        get => _bytes.ToArray();
        init => _bytes.Write(value);
    }

    public Span<byte> Space => _space;

    public void Advance(int count)
    {
        _bytes.Write(_space, 0, count);
        _space = new byte[writePiece];
    }

    public ReadOnlyMemory<byte> Read()
    {
        int count = (int)Math.Min(readPiece, _bytes.Length - _read);
        _read += count;
        return _bytes.GetBuffer().AsMemory(_read - count, count);
    }
}
