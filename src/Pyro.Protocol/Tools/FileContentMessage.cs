namespace Pyro.Protocol;

/// <summary>A regular file whose content follows, up to the limit that was asked for.</summary>
/// <param name="Version">By what it is known again; its size is the whole file's.</param>
/// <param name="Mode">Its permission bits.</param>
/// <param name="ModifiedNanoseconds">Its mtime, in nanoseconds since 1970.</param>
public readonly record struct FileContentMessage(FileVersion Version, ushort Mode, long ModifiedNanoseconds) : IMessage<FileContentMessage>
{
    /// <inheritdoc/>
    public static FrameType Type => FrameType.FileContent;

    /// <inheritdoc/>
    public int Measure() => FileVersion.WireSize + sizeof(ushort) + sizeof(ulong);

    /// <inheritdoc/>
    public void Write(ref PayloadWriter writer)
    {
        Version.Write(ref writer);
        writer.WriteUInt16(Mode);
        writer.WriteUInt64((ulong)ModifiedNanoseconds);
    }

    /// <inheritdoc/>
    public static FileContentMessage Read(ref PayloadReader reader)
        => new(FileVersion.Read(ref reader), reader.ReadUInt16(), (long)reader.ReadUInt64());
}
