namespace Pyro.Protocol;

/// <summary>One of a list of changes, which are done in their order, all or none. No two of them may name the same path.</summary>
public sealed record EditOperation : IMessage<EditOperation>
{
    private const uint NoMode = uint.MaxValue;

    /// <inheritdoc/>
    public static FrameType Type => FrameType.EditOperation;

    /// <summary>What to do.</summary>
    public required EditKind Kind { get; init; }

    /// <summary>Below the root, not empty.</summary>
    public required string Path { get; init; }

    /// <summary>The new name, for <see cref="EditKind.Rename"/>; nothing may be there.</summary>
    public string NewPath { get; init; } = "";

    /// <summary>Permission bits to set; null keeps those that are there, and a new file gets 0644, a new directory 0755.</summary>
    public ushort? Mode { get; init; }

    /// <summary>What must hold of <see cref="Path"/>.</summary>
    public EditPrecondition Precondition { get; init; }

    /// <summary>For <see cref="EditPrecondition.Same"/>.</summary>
    public FileVersion Version { get; init; }

    /// <inheritdoc/>
    public int Measure() => (2 * sizeof(byte)) + sizeof(uint) + FileVersion.WireSize + PayloadWriter.SizeOf(Path) + PayloadWriter.SizeOf(NewPath);

    /// <inheritdoc/>
    public void Write(ref PayloadWriter writer)
    {
        writer.WriteByte((byte)Kind);
        writer.WriteByte((byte)Precondition);
        writer.WriteUInt32(Mode ?? NoMode);
        Version.Write(ref writer);
        writer.WriteString(Path);
        writer.WriteString(NewPath);
    }

    /// <inheritdoc/>
    public static EditOperation Read(ref PayloadReader reader)
    {
        var kind = (EditKind)reader.ReadByte();
        var precondition = (EditPrecondition)reader.ReadByte();
        uint mode = reader.ReadUInt32();
        if (kind is < EditKind.Write or > EditKind.SetMode || precondition > EditPrecondition.Same || (mode != NoMode && mode > 0xfff))
            throw new ProtocolException("an edit operation is of no known kind, condition or mode");

        return new EditOperation
        {
            Kind = kind,
            Precondition = precondition,
            Mode = mode == NoMode ? null : (ushort)mode,
            Version = FileVersion.Read(ref reader),
            Path = reader.ReadString(),
            NewPath = reader.ReadString(),
        };
    }
}
