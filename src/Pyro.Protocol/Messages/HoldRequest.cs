namespace Pyro.Protocol;

/// <summary>
/// Keep all processes of the guest still until the connection ends, so that none runs in a copy of the machine before the
/// copy is a machine of its own. Answered with <see cref="FrameType.Held"/>.
/// </summary>
public sealed class HoldRequest : IMessage<HoldRequest>
{
    /// <inheritdoc/>
    public static FrameType Type => FrameType.Hold;

    /// <summary>The protocol version of the sender.</summary>
    public ushort Version { get; init; } = Wire.Version;

    /// <summary>How long processes may take to stop, in milliseconds; the agent waits a minute at most.</summary>
    public uint TimeoutMilliseconds { get; init; } = 10_000;

    /// <inheritdoc/>
    public int Measure() => sizeof(ushort) + sizeof(uint);

    /// <inheritdoc/>
    public void Write(ref PayloadWriter writer)
    {
        writer.WriteUInt16(Version);
        writer.WriteUInt32(TimeoutMilliseconds);
    }

    /// <inheritdoc/>
    public static HoldRequest Read(ref PayloadReader reader) => new()
    {
        Version = reader.ReadUInt16(),
        TimeoutMilliseconds = reader.ReadUInt32(),
    };
}
