namespace Pyro.Protocol;

/// <summary>The host's terminal has a new size.</summary>
/// <param name="Size">The new size.</param>
public readonly record struct ResizeMessage(TerminalSize Size) : IMessage<ResizeMessage>
{
    /// <inheritdoc/>
    public static FrameType Type => FrameType.Resize;

    /// <inheritdoc/>
    public int Measure() => 2 * sizeof(ushort);

    /// <inheritdoc/>
    public void Write(ref PayloadWriter writer)
    {
        writer.WriteUInt16(Size.Columns);
        writer.WriteUInt16(Size.Rows);
    }

    /// <inheritdoc/>
    public static ResizeMessage Read(ref PayloadReader reader) => new(new TerminalSize(reader.ReadUInt16(), reader.ReadUInt16()));
}
