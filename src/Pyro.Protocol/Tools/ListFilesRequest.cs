namespace Pyro.Protocol;

/// <summary>List a directory, or tell of one file.</summary>
/// <param name="Path">Below the root; empty for the root itself.</param>
/// <param name="Recursive">Directories in it too, but not those behind symbolic links.</param>
/// <param name="Limit">The most entries to tell.</param>
public readonly record struct ListFilesRequest(string Path, bool Recursive, uint Limit) : IMessage<ListFilesRequest>
{
    /// <inheritdoc/>
    public static FrameType Type => FrameType.ListFiles;

    /// <inheritdoc/>
    public int Measure() => PayloadWriter.SizeOf(Path) + sizeof(byte) + sizeof(uint);

    /// <inheritdoc/>
    public void Write(ref PayloadWriter writer)
    {
        writer.WriteString(Path);
        writer.WriteByte((byte)(Recursive ? 1 : 0));
        writer.WriteUInt32(Limit);
    }

    /// <inheritdoc/>
    public static ListFilesRequest Read(ref PayloadReader reader) => new(reader.ReadString(), reader.ReadByte() != 0, reader.ReadUInt32());
}
