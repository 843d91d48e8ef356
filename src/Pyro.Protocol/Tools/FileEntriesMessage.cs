namespace Pyro.Protocol;

/// <summary>Some entries of a listing, in the order of their names' bytes, a directory before what is in it.</summary>
/// <param name="Entries">At most as many as fit a frame.</param>
public readonly record struct FileEntriesMessage(IReadOnlyList<FileEntry> Entries) : IMessage<FileEntriesMessage>
{
    /// <inheritdoc/>
    public static FrameType Type => FrameType.FileEntries;

    /// <inheritdoc/>
    public int Measure()
    {
        int size = sizeof(uint);
        foreach (FileEntry entry in Entries)
            size += entry.Measure();
        return size;
    }

    /// <inheritdoc/>
    public void Write(ref PayloadWriter writer)
    {
        writer.WriteUInt32((uint)Entries.Count);
        foreach (FileEntry entry in Entries)
            entry.Write(ref writer);
    }

    /// <inheritdoc/>
    public static FileEntriesMessage Read(ref PayloadReader reader)
    {
        var entries = new FileEntry[reader.ReadCount(FileEntry.MinimumWireSize)];
        for (int i = 0; i < entries.Length; i++)
            entries[i] = FileEntry.Read(ref reader);
        return new FileEntriesMessage(entries);
    }
}
