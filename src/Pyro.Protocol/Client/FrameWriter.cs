using System.Buffers;

namespace Pyro.Protocol;

/// <summary>Writes frames to a stream, whole and one after the other whoever writes.</summary>
/// <param name="stream">The stream; not owned.</param>
public sealed class FrameWriter(Stream stream) : IDisposable
{
    private readonly SemaphoreSlim _gate = new(1, 1);

    /// <summary>Writes a message.</summary>
    /// <exception cref="ProtocolException">The message is larger than a frame of its type may be.</exception>
    /// <exception cref="IOException">The stream failed.</exception>
    public async ValueTask WriteAsync<T>(T message, CancellationToken cancellationToken = default)
        where T : IMessage<T>
        => await WriteBytesAsync(Frame.Encode(message), cancellationToken).ConfigureAwait(false);

    /// <summary>Writes a frame of raw bytes, at most <see cref="Wire.MaxPayload"/> of them.</summary>
    /// <exception cref="ArgumentException">There are more bytes than a frame may have.</exception>
    /// <exception cref="IOException">The stream failed.</exception>
    public async ValueTask WriteAsync(FrameType type, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken = default)
    {
        if (payload.Length > Wire.MaxPayload)
            throw new ArgumentException("the payload is larger than a frame may be", nameof(payload));

        int size = Wire.HeaderSize + payload.Length;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            new FrameHeader(type, payload.Length).Write(buffer);
            payload.CopyTo(buffer.AsMemory(Wire.HeaderSize));
            await WriteBytesAsync(buffer.AsMemory(0, size), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Frees the gate. Not to be called while a write is under way.</summary>
    public void Dispose() => _gate.Dispose();

    private async ValueTask WriteBytesAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // A frame cut off by a cancellation would turn what follows into nonsense: once begun it is written whole,
            // and only closing the stream ends it.
            await stream.WriteAsync(bytes, CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }
}
