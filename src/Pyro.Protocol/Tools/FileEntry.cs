namespace Pyro.Protocol;

/// <summary>One entry of a listing. Names are bytes: Linux asks nothing more of them.</summary>
/// <param name="Path">Its path below the root, without a leading slash.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Mode">Its permission bits (07777).</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="ModifiedNanoseconds">Its mtime, in nanoseconds since 1970.</param>
/// <param name="LinkTarget">Where a symbolic link leads, else empty.</param>
public readonly record struct FileEntry(
    ReadOnlyMemory<byte> Path,
    FileKind Kind,
    ushort Mode,
    ulong Size,
    long ModifiedNanoseconds,
    ReadOnlyMemory<byte> LinkTarget)
{
    /// <summary>The longest path or link target, in bytes (PATH_MAX of linux/limits.h).</summary>
    public const int MaxPath = 4096;

    internal const int MinimumWireSize = 1 + sizeof(ushort) + (2 * sizeof(ulong)) + (2 * sizeof(uint));

    /// <summary>Bytes that it takes in a <see cref="FileEntriesMessage"/>.</summary>
    public int Measure() => MinimumWireSize + Path.Length + LinkTarget.Length;

    internal void Write(ref PayloadWriter writer)
    {
        writer.WriteByte((byte)Kind);
        writer.WriteUInt16(Mode);
        writer.WriteUInt64(Size);
        writer.WriteUInt64((ulong)ModifiedNanoseconds);
        writer.WriteBytes(Path.Span);
        writer.WriteBytes(LinkTarget.Span);
    }

    internal static FileEntry Read(ref PayloadReader reader)
    {
        var kind = (FileKind)reader.ReadByte();
        ushort mode = reader.ReadUInt16();
        ulong size = reader.ReadUInt64();
        long modified = (long)reader.ReadUInt64();
        byte[] path = reader.ReadBytes(MaxPath).ToArray();
        byte[] target = reader.ReadBytes(MaxPath).ToArray();
        return new FileEntry(path, kind <= FileKind.BlockDevice ? kind : FileKind.Unknown, (ushort)(mode & 0xfff), size, modified, target);
    }
}
