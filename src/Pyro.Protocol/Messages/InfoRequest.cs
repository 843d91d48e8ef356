namespace Pyro.Protocol;

/// <summary>Ask how the agent is. Answered with <see cref="AgentInfo"/>.</summary>
public sealed class InfoRequest : IMessage<InfoRequest>
{
    /// <inheritdoc/>
    public static FrameType Type => FrameType.Info;

    /// <summary>The protocol version of the sender.</summary>
    public ushort Version { get; init; } = Wire.Version;

    /// <inheritdoc/>
    public int Measure() => sizeof(ushort);

    /// <inheritdoc/>
    public void Write(ref PayloadWriter writer) => writer.WriteUInt16(Version);

    /// <inheritdoc/>
    public static InfoRequest Read(ref PayloadReader reader) => new() { Version = reader.ReadUInt16() };
}
