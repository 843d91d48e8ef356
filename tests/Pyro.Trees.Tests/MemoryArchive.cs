using System.Buffers;
using Pyro.Trees.Tar;

namespace Pyro.Trees.Tests;

/// <summary>An archive in memory, written in pieces of one size and read in pieces of another.</summary>
internal sealed class MemoryArchive(int writePiece = 1000, int readPiece = 777) : ITarOutput, ITarInput
{
    private readonly ArrayBufferWriter<byte> _bytes = new();
    private byte[] _space = new byte[writePiece];
    private int _read;

    public byte[] Bytes
    {
        get => _bytes.WrittenSpan.ToArray();
        init => _bytes.Write(value);
    }

    public Span<byte> Space => _space;

    public void Advance(int count)
    {
        _bytes.Write(_space.AsSpan(0, count));
        _space = new byte[writePiece];
    }

    public ReadOnlyMemory<byte> Read()
    {
        int count = Math.Min(readPiece, _bytes.WrittenCount - _read);
        _read += count;
        return _bytes.WrittenMemory.Slice(_read - count, count);
    }
}
