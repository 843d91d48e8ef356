namespace Pyro.Protocol;

/// <summary>The command runs. Sent first by every exec that does not fail; output and exit follow.</summary>
/// <param name="ProcessId">The process in the guest; 0 where the command could not be run, which its exit code (126, 127) then tells.</param>
public readonly record struct StartedMessage(uint ProcessId) : IMessage<StartedMessage>
{
    /// <inheritdoc/>
    public static FrameType Type => FrameType.Started;

    /// <inheritdoc/>
    public int Measure() => sizeof(uint);

    /// <inheritdoc/>
    public void Write(ref PayloadWriter writer) => writer.WriteUInt32(ProcessId);

    /// <inheritdoc/>
    public static StartedMessage Read(ref PayloadReader reader) => new(reader.ReadUInt32());
}
