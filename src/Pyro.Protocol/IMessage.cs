namespace Pyro.Protocol;

/// <summary>A payload with a shape. Implementations are written by hand: the agent starts in every boot.</summary>
/// <typeparam name="T">The message itself.</typeparam>
public interface IMessage<T>
    where T : IMessage<T>
{
    /// <summary>The frame type that carries it.</summary>
    static abstract FrameType Type { get; }

    /// <summary>Payload size in bytes.</summary>
    int Measure();

    /// <summary>Writes exactly <see cref="Measure"/> bytes.</summary>
    void Write(ref PayloadWriter writer);

    /// <summary>Reads the payload; bytes after the known fields are left alone.</summary>
    /// <exception cref="ProtocolException">The payload does not parse.</exception>
    static abstract T Read(ref PayloadReader reader);
}
