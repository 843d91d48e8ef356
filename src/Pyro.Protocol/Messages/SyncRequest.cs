namespace Pyro.Protocol;

/// <summary>Write everything to disk. Answered with <see cref="FrameType.Done"/>.</summary>
public sealed class SyncRequest : IMessage<SyncRequest>
{
    /// <inheritdoc/>
    public static FrameType Type => FrameType.Sync;

    /// <summary>The protocol version of the sender.</summary>
    public ushort Version { get; init; } = Wire.Version;

    /// <inheritdoc/>
    public int Measure() => sizeof(ushort);

    /// <inheritdoc/>
    public void Write(ref PayloadWriter writer) => writer.WriteUInt16(Version);

    /// <inheritdoc/>
    public static SyncRequest Read(ref PayloadReader reader) => new() { Version = reader.ReadUInt16() };
}
