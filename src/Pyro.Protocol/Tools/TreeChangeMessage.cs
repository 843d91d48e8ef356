namespace Pyro.Protocol;

/// <summary>
/// A path that is not what it was. Content follows, first the old, then the new, each as <see cref="FrameType.ToolData"/>
/// and <see cref="FrameType.ToolEnd"/>, where the sides say that they have it.
/// </summary>
/// <param name="Path">The path below the tree's root, as bytes.</param>
/// <param name="OldPath">Where the same file, its content unchanged, was before; else empty.</param>
/// <param name="Old">What it was.</param>
/// <param name="New">What it is.</param>
public readonly record struct TreeChangeMessage(ReadOnlyMemory<byte> Path, ReadOnlyMemory<byte> OldPath, TreeSide Old, TreeSide New) : IMessage<TreeChangeMessage>
{
    /// <inheritdoc/>
    public static FrameType Type => FrameType.TreeChange;

    /// <inheritdoc/>
    public int Measure() => (2 * sizeof(uint)) + Path.Length + OldPath.Length + (2 * TreeSide.WireSize);

    /// <inheritdoc/>
    public void Write(ref PayloadWriter writer)
    {
        writer.WriteBytes(Path.Span);
        writer.WriteBytes(OldPath.Span);
        Old.Write(ref writer);
        New.Write(ref writer);
    }

    /// <inheritdoc/>
    public static TreeChangeMessage Read(ref PayloadReader reader)
        => new(reader.ReadBytes(FileEntry.MaxPath).ToArray(), reader.ReadBytes(FileEntry.MaxPath).ToArray(), TreeSide.Read(ref reader), TreeSide.Read(ref reader));
}
