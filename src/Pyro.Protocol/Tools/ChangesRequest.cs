namespace Pyro.Protocol;

/// <summary>Tell what differs between a tree as it is and as it was on another device, an older state of the same file system.</summary>
/// <param name="TreePath">The tree's path from the root of both file systems, without a leading slash.</param>
/// <param name="Device">The device that is mounted, or empty: both trees are then walked and compared in full.</param>
/// <param name="OldDevice">The older state, read without mounting it.</param>
/// <param name="OldRoot">Where it is mounted nevertheless, for a full walk; empty if the tool is to mount it then, for itself alone.</param>
/// <param name="MaxFileBytes">The largest file whose content is told, at most <see cref="MostFileBytes"/>.</param>
/// <param name="MaxBytes">Content of all files together.</param>
/// <param name="MaxChanges">The most paths to tell.</param>
public readonly record struct ChangesRequest(string TreePath, string Device, string OldDevice, string OldRoot, uint MaxFileBytes, ulong MaxBytes, uint MaxChanges)
    : IMessage<ChangesRequest>
{
    /// <summary>No content of a larger file is told, in bytes: the tool holds both versions in memory.</summary>
    public const int MostFileBytes = 4 * 1024 * 1024;

    /// <inheritdoc/>
    public static FrameType Type => FrameType.Changes;

    /// <inheritdoc/>
    public int Measure()
        => PayloadWriter.SizeOf(TreePath) + PayloadWriter.SizeOf(Device) + PayloadWriter.SizeOf(OldDevice) + PayloadWriter.SizeOf(OldRoot)
            + (2 * sizeof(uint)) + sizeof(ulong);

    /// <inheritdoc/>
    public void Write(ref PayloadWriter writer)
    {
        writer.WriteString(TreePath);
        writer.WriteString(Device);
        writer.WriteString(OldDevice);
        writer.WriteString(OldRoot);
        writer.WriteUInt32(MaxFileBytes);
        writer.WriteUInt64(MaxBytes);
        writer.WriteUInt32(MaxChanges);
    }

    /// <inheritdoc/>
    public static ChangesRequest Read(ref PayloadReader reader)
        => new(reader.ReadString(), reader.ReadString(), reader.ReadString(), reader.ReadString(), reader.ReadUInt32(), reader.ReadUInt64(), reader.ReadUInt32());
}
