namespace Pyro.Protocol;

/// <summary>Give a file or a tree as a tar archive, as data; its first entry is what was asked for, by the name <see cref="TopName"/>.</summary>
/// <param name="Path">Below the root; empty for the root itself.</param>
public readonly record struct SendTreeRequest(string Path) : IMessage<SendTreeRequest>
{
    /// <summary>What the file or the tree is called in the archive.</summary>
    public const string TopName = "top";

    /// <inheritdoc/>
    public static FrameType Type => FrameType.SendTree;

    /// <inheritdoc/>
    public int Measure() => PayloadWriter.SizeOf(Path);

    /// <inheritdoc/>
    public void Write(ref PayloadWriter writer) => writer.WriteString(Path);

    /// <inheritdoc/>
    public static SendTreeRequest Read(ref PayloadReader reader) => new(reader.ReadString());
}
