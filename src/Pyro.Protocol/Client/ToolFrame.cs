using System.Buffers;

namespace Pyro.Protocol;

/// <summary>A frame from a tool. Disposing of it gives its memory back.</summary>
public readonly struct ToolFrame : IDisposable
{
    private readonly byte[] _buffer;
    private readonly int _length;

    internal ToolFrame(FrameType type, ReadOnlyMemory<byte> payload)
    {
        Type = type;
        _length = payload.Length;
        _buffer = ArrayPool<byte>.Shared.Rent(payload.Length);
        payload.CopyTo(_buffer);
    }

    /// <summary>What it is.</summary>
    public FrameType Type { get; }

    /// <summary>Its payload.</summary>
    public ReadOnlyMemory<byte> Payload => _buffer.AsMemory(0, _length);

    /// <inheritdoc/>
    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);
}
