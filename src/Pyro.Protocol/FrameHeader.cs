using System.Buffers.Binary;

namespace Pyro.Protocol;

/// <summary>The five bytes before a payload.</summary>
/// <param name="Type">What the payload is.</param>
/// <param name="Length">Payload length in bytes.</param>
public readonly record struct FrameHeader(FrameType Type, int Length)
{
    /// <summary>Reads a header, or returns false while fewer than <see cref="Wire.HeaderSize"/> bytes are there.</summary>
    /// <exception cref="ProtocolException">The length is above the limit for the type.</exception>
    public static bool TryRead(ReadOnlySpan<byte> source, out FrameHeader header)
    {
        header = default;
        if (source.Length < Wire.HeaderSize)
            return false;

        uint length = BinaryPrimitives.ReadUInt32LittleEndian(source);
        var type = (FrameType)source[4];
        if (length > (uint)Wire.MaxPayloadOf(type))
            throw new ProtocolException($"a frame of type {(byte)type} announces {length} bytes, the limit is {Wire.MaxPayloadOf(type)}");

        header = new FrameHeader(type, (int)length);
        return true;
    }

    /// <summary>Writes the header to the first <see cref="Wire.HeaderSize"/> bytes of the span.</summary>
    public void Write(Span<byte> destination)
    {
        destination[4] = (byte)Type;
        BinaryPrimitives.WriteUInt32LittleEndian(destination, (uint)Length);
    }
}
