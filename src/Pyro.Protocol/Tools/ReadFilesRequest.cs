namespace Pyro.Protocol;

/// <summary>Read regular files; each is answered in turn, by its content or by why there is none.</summary>
/// <param name="Paths">Below the root.</param>
/// <param name="MaxBytes">The most bytes of each to send.</param>
public readonly record struct ReadFilesRequest(IReadOnlyList<string> Paths, ulong MaxBytes) : IMessage<ReadFilesRequest>
{
    /// <inheritdoc/>
    public static FrameType Type => FrameType.ReadFiles;

    /// <inheritdoc/>
    public int Measure()
    {
        int size = sizeof(ulong) + sizeof(uint);
        foreach (string path in Paths)
            size += PayloadWriter.SizeOf(path);
        return size;
    }

    /// <inheritdoc/>
    public void Write(ref PayloadWriter writer)
    {
        writer.WriteUInt64(MaxBytes);
        writer.WriteUInt32((uint)Paths.Count);
        foreach (string path in Paths)
            writer.WriteString(path);
    }

    /// <inheritdoc/>
    public static ReadFilesRequest Read(ref PayloadReader reader)
    {
        ulong most = reader.ReadUInt64();
        var paths = new string[reader.ReadCount(sizeof(uint))];
        for (int i = 0; i < paths.Length; i++)
            paths[i] = reader.ReadString();
        return new ReadFilesRequest(paths, most);
    }
}
