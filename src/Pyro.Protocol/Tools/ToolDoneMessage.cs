namespace Pyro.Protocol;

/// <summary>A tool did all that it was asked for.</summary>
/// <param name="Entries">Files, links and directories that were told, read, written or changed.</param>
/// <param name="Bytes">Bytes of their content that moved.</param>
/// <param name="Truncated">Whether a listing stopped at its limit.</param>
public readonly record struct ToolDoneMessage(ulong Entries, ulong Bytes, bool Truncated) : IMessage<ToolDoneMessage>
{
    /// <inheritdoc/>
    public static FrameType Type => FrameType.ToolDone;

    /// <inheritdoc/>
    public int Measure() => (2 * sizeof(ulong)) + sizeof(byte);

    /// <inheritdoc/>
    public void Write(ref PayloadWriter writer)
    {
        writer.WriteUInt64(Entries);
        writer.WriteUInt64(Bytes);
        writer.WriteByte((byte)(Truncated ? 1 : 0));
    }

    /// <inheritdoc/>
    public static ToolDoneMessage Read(ref PayloadReader reader) => new(reader.ReadUInt64(), reader.ReadUInt64(), reader.ReadByte() != 0);
}
