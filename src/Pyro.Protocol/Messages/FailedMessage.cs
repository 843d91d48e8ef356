namespace Pyro.Protocol;

/// <summary>A request that was not carried out.</summary>
/// <param name="Code">One of <see cref="FailureCode"/>, or a code of a newer agent.</param>
/// <param name="Message">What failed, on what; one line.</param>
public readonly record struct FailedMessage(string Code, string Message) : IMessage<FailedMessage>
{
    /// <inheritdoc/>
    public static FrameType Type => FrameType.Failed;

    /// <inheritdoc/>
    public int Measure() => PayloadWriter.SizeOf(Code) + PayloadWriter.SizeOf(Message);

    /// <inheritdoc/>
    public void Write(ref PayloadWriter writer)
    {
        writer.WriteString(Code);
        writer.WriteString(Message);
    }

    /// <inheritdoc/>
    public static FailedMessage Read(ref PayloadReader reader) => new(reader.ReadString(), reader.ReadString());
}
