namespace Pyro.Protocol;

/// <summary>
/// Permission to send more standard input. The agent can hold what it granted, so that it always reads on, and a signal
/// or a resize is never stuck behind input that the command does not read.
/// </summary>
/// <param name="Bytes">How many bytes more.</param>
public readonly record struct StdinCreditMessage(uint Bytes) : IMessage<StdinCreditMessage>
{
    /// <inheritdoc/>
    public static FrameType Type => FrameType.StdinCredit;

    /// <inheritdoc/>
    public int Measure() => sizeof(uint);

    /// <inheritdoc/>
    public void Write(ref PayloadWriter writer) => writer.WriteUInt32(Bytes);

    /// <inheritdoc/>
    public static StdinCreditMessage Read(ref PayloadReader reader) => new(reader.ReadUInt32());
}
