namespace Pyro.Protocol;

/// <summary>Set the guest's wall clock. Answered with <see cref="FrameType.Done"/>.</summary>
public sealed class SetClockRequest : IMessage<SetClockRequest>
{
    /// <inheritdoc/>
    public static FrameType Type => FrameType.SetClock;

    /// <summary>The protocol version of the sender.</summary>
    public ushort Version { get; init; } = Wire.Version;

    /// <summary>Nanoseconds since 1970-01-01 UTC.</summary>
    public required ulong UnixNanoseconds { get; init; }

    /// <inheritdoc/>
    public int Measure() => sizeof(ushort) + sizeof(ulong);

    /// <inheritdoc/>
    public void Write(ref PayloadWriter writer)
    {
        writer.WriteUInt16(Version);
        writer.WriteUInt64(UnixNanoseconds);
    }

    /// <inheritdoc/>
    public static SetClockRequest Read(ref PayloadReader reader) => new()
    {
        Version = reader.ReadUInt16(),
        UnixNanoseconds = reader.ReadUInt64(),
    };
}
