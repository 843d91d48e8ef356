namespace Pyro.Protocol;

/// <summary>What a path names on one side of a change.</summary>
/// <param name="Kind">What it is; <see cref="FileKind.Unknown"/> if there is nothing.</param>
/// <param name="Mode">Its permission bits (07777).</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="HasContent">Whether its content, or a link's target, follows.</param>
public readonly record struct TreeSide(FileKind Kind, ushort Mode, ulong Size, bool HasContent)
{
    internal const int WireSize = 1 + sizeof(ushort) + sizeof(ulong) + 1;

    internal void Write(ref PayloadWriter writer)
    {
        writer.WriteByte((byte)Kind);
        writer.WriteUInt16(Mode);
        writer.WriteUInt64(Size);
        writer.WriteByte((byte)(HasContent ? 1 : 0));
    }

    internal static TreeSide Read(ref PayloadReader reader)
    {
        var kind = (FileKind)reader.ReadByte();
        if (kind > FileKind.BlockDevice)
            throw new ProtocolException($"there is no kind of file {(byte)kind}");
        return new TreeSide(kind, (ushort)(reader.ReadUInt16() & 0xfff), reader.ReadUInt64(), reader.ReadByte() != 0);
    }
}
