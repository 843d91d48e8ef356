namespace Pyro.Protocol;

/// <summary>Take a tar archive, which follows as data, and merge it in. What it does not have stays.</summary>
/// <param name="Destination">The directory below the root that its names are relative to; made if it is not there.</param>
public readonly record struct ReceiveTreeRequest(string Destination) : IMessage<ReceiveTreeRequest>
{
    /// <inheritdoc/>
    public static FrameType Type => FrameType.ReceiveTree;

    /// <inheritdoc/>
    public int Measure() => PayloadWriter.SizeOf(Destination);

    /// <inheritdoc/>
    public void Write(ref PayloadWriter writer) => writer.WriteString(Destination);

    /// <inheritdoc/>
    public static ReceiveTreeRequest Read(ref PayloadReader reader) => new(reader.ReadString());
}
