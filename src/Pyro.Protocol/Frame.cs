namespace Pyro.Protocol;

/// <summary>Turns messages into frames and payloads back into messages.</summary>
public static class Frame
{
    /// <summary>The whole frame of a message, header and payload.</summary>
    /// <exception cref="ProtocolException">The message is larger than a frame of its type may be.</exception>
    public static byte[] Encode<T>(T message)
        where T : IMessage<T>
    {
        int size = message.Measure();
        if (size > Wire.MaxPayloadOf(T.Type))
            throw new ProtocolException($"a message of {size} bytes does not fit a frame of type {(byte)T.Type}, whose limit is {Wire.MaxPayloadOf(T.Type)}");

        var frame = new byte[Wire.HeaderSize + size];
        new FrameHeader(T.Type, size).Write(frame);
        var writer = new PayloadWriter(frame.AsSpan(Wire.HeaderSize));
        message.Write(ref writer);
        return frame;
    }

    /// <summary>Reads a message from the payload of its frame.</summary>
    /// <exception cref="ProtocolException">The payload does not parse.</exception>
    public static T Decode<T>(ReadOnlySpan<byte> payload)
        where T : IMessage<T>
    {
        var reader = new PayloadReader(payload);
        return T.Read(ref reader);
    }
}
