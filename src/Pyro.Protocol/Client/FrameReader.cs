namespace Pyro.Protocol;

/// <summary>Reads frames from a stream through one buffer. For one reader at a time.</summary>
/// <param name="stream">The stream; not owned.</param>
public sealed class FrameReader(Stream stream)
{
    // Room for the largest frame and a little of the next. Not pooled: payloads point into it until the last reader of
    // one is done, which nobody here can know. Below the size of the large object heap.
    private readonly byte[] _buffer = new byte[Wire.HeaderSize + Wire.MaxPayload + 4096];
    private int _start;
    private int _end;

    /// <summary>The type of the last frame.</summary>
    public FrameType Type { get; private set; }

    /// <summary>The payload of the last frame; valid until the next read.</summary>
    public ReadOnlyMemory<byte> Payload { get; private set; }

    /// <summary>Reads the next frame into <see cref="Type"/> and <see cref="Payload"/>; false at the end of the stream.</summary>
    /// <exception cref="ProtocolException">The bytes are no frame of the guest's, or the stream ends inside one.</exception>
    /// <exception cref="IOException">The stream failed.</exception>
    public async ValueTask<bool> ReadAsync(CancellationToken cancellationToken = default)
    {
        byte[] buffer = _buffer;
        while (true)
        {
            int needed = Wire.HeaderSize;
            if (FrameHeader.TryRead(buffer.AsSpan(_start, _end - _start), out FrameHeader header))
            {
                if (header.Length > Wire.MaxPayload)
                    throw new ProtocolException("a request came from the guest");

                needed += header.Length;
                if (_end - _start >= needed)
                {
                    Type = header.Type;
                    Payload = buffer.AsMemory(_start + Wire.HeaderSize, header.Length);
                    _start += needed;
                    return true;
                }
            }

            if (_start > 0 && (_start == _end || _start + needed > buffer.Length))
            {
                buffer.AsSpan(_start, _end - _start).CopyTo(buffer);
                _end -= _start;
                _start = 0;
            }

            int read = await stream.ReadAsync(buffer.AsMemory(_end), cancellationToken).ConfigureAwait(false);
            if (read == 0)
                return _start == _end ? false : throw new ProtocolException("the connection ended inside a frame");

            _end += read;
        }
    }
}
