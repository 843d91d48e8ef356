namespace Pyro.Protocol;

/// <summary>How an agent is.</summary>
public sealed class AgentInfo : IMessage<AgentInfo>
{
    /// <inheritdoc/>
    public static FrameType Type => FrameType.InfoReply;

    /// <summary>What the agent said when it was ready.</summary>
    public required AgentReady Ready { get; init; }

    /// <summary>Nanoseconds since the guest kernel started.</summary>
    public required ulong UptimeNanoseconds { get; init; }

    /// <summary>Commands that run now.</summary>
    public required uint RunningCommands { get; init; }

    /// <inheritdoc/>
    public int Measure() => sizeof(ulong) + sizeof(uint) + Ready.Measure();

    /// <inheritdoc/>
    public void Write(ref PayloadWriter writer)
    {
        writer.WriteUInt64(UptimeNanoseconds);
        writer.WriteUInt32(RunningCommands);
        Ready.Write(ref writer);
    }

    /// <inheritdoc/>
    public static AgentInfo Read(ref PayloadReader reader) => new()
    {
        UptimeNanoseconds = reader.ReadUInt64(),
        RunningCommands = reader.ReadUInt32(),
        Ready = AgentReady.Read(ref reader),
    };
}
