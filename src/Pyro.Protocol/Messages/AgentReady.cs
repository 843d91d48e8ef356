namespace Pyro.Protocol;

/// <summary>What an agent says once it can run commands. Times are nanoseconds since the guest kernel started.</summary>
public sealed class AgentReady : IMessage<AgentReady>
{
    /// <inheritdoc/>
    public static FrameType Type => FrameType.Ready;

    /// <summary>The protocol version of the agent.</summary>
    public ushort ProtocolVersion { get; init; } = Wire.Version;

    /// <summary>The agent's own version.</summary>
    public required string AgentVersion { get; init; }

    /// <summary>When the agent's first own instruction ran.</summary>
    public required ulong EntryNanoseconds { get; init; }

    /// <summary>When the root disk was mounted and entered.</summary>
    public required ulong MountedNanoseconds { get; init; }

    /// <summary>When the agent listened and could run commands.</summary>
    public required ulong ListeningNanoseconds { get; init; }

    /// <inheritdoc/>
    public int Measure() => sizeof(ushort) + PayloadWriter.SizeOf(AgentVersion) + (3 * sizeof(ulong));

    /// <inheritdoc/>
    public void Write(ref PayloadWriter writer)
    {
        writer.WriteUInt16(ProtocolVersion);
        writer.WriteString(AgentVersion);
        writer.WriteUInt64(EntryNanoseconds);
        writer.WriteUInt64(MountedNanoseconds);
        writer.WriteUInt64(ListeningNanoseconds);
    }

    /// <inheritdoc/>
    public static AgentReady Read(ref PayloadReader reader) => new()
    {
        ProtocolVersion = reader.ReadUInt16(),
        AgentVersion = reader.ReadString(),
        EntryNanoseconds = reader.ReadUInt64(),
        MountedNanoseconds = reader.ReadUInt64(),
        ListeningNanoseconds = reader.ReadUInt64(),
    };
}
