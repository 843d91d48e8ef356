namespace Pyro.Protocol;

/// <summary>A tool did nothing of what it was asked for.</summary>
/// <param name="Code">One of <see cref="ToolFailure"/>.</param>
/// <param name="Path">What it is about, or empty.</param>
/// <param name="Message">What is wrong with it, without its name.</param>
public readonly record struct ToolFailedMessage(string Code, string Path, string Message) : IMessage<ToolFailedMessage>
{
    /// <inheritdoc/>
    public static FrameType Type => FrameType.ToolFailed;

    /// <inheritdoc/>
    public int Measure() => PayloadWriter.SizeOf(Code) + PayloadWriter.SizeOf(Path) + PayloadWriter.SizeOf(Message);

    /// <inheritdoc/>
    public void Write(ref PayloadWriter writer)
    {
        writer.WriteString(Code);
        writer.WriteString(Path);
        writer.WriteString(Message);
    }

    /// <inheritdoc/>
    public static ToolFailedMessage Read(ref PayloadReader reader) => new(reader.ReadString(), reader.ReadString(), reader.ReadString());
}
