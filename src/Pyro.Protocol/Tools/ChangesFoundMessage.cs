namespace Pyro.Protocol;

/// <summary>How the changes that follow were found.</summary>
/// <param name="FullWalk">Why both trees had to be walked in full; empty if they had not.</param>
public readonly record struct ChangesFoundMessage(string FullWalk) : IMessage<ChangesFoundMessage>
{
    /// <inheritdoc/>
    public static FrameType Type => FrameType.ChangesFound;

    /// <inheritdoc/>
    public int Measure() => PayloadWriter.SizeOf(FullWalk);

    /// <inheritdoc/>
    public void Write(ref PayloadWriter writer) => writer.WriteString(FullWalk);

    /// <inheritdoc/>
    public static ChangesFoundMessage Read(ref PayloadReader reader) => new(reader.ReadString());
}
