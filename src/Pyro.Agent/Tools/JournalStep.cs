using Pyro.Protocol;

namespace Pyro.Agent.Tools;

/// <summary>One change of the tree, as the journal is told of it before it is made.</summary>
/// <param name="Kind">What is done.</param>
/// <param name="Inode">Of what comes to lie at <paramref name="Path"/>, or leaves it: by it is known whether it was done.</param>
/// <param name="Path">Below the root.</param>
/// <param name="Other">In the stage; for <see cref="JournalKind.Move"/> the new name below the root.</param>
/// <param name="Mode">Permission bits before.</param>
/// <param name="ModifiedNanoseconds">The mtime before.</param>
internal readonly record struct JournalStep(JournalKind Kind, ulong Inode, byte[] Path, byte[] Other, ushort Mode, long ModifiedNanoseconds)
{
    public int Measure() => sizeof(byte) + (2 * sizeof(ulong)) + sizeof(ushort) + (2 * sizeof(uint)) + Path.Length + Other.Length;

    public void Write(ref PayloadWriter writer)
    {
        writer.WriteByte((byte)Kind);
        writer.WriteUInt64(Inode);
        writer.WriteBytes(Path);
        writer.WriteBytes(Other);
        writer.WriteUInt16(Mode);
        writer.WriteUInt64((ulong)ModifiedNanoseconds);
    }

    public static JournalStep Read(ref PayloadReader reader) => new(
        (JournalKind)reader.ReadByte(),
        reader.ReadUInt64(),
        reader.ReadBytes(2 * FileEntry.MaxPath).ToArray(),
        reader.ReadBytes(2 * FileEntry.MaxPath).ToArray(),
        reader.ReadUInt16(),
        (long)reader.ReadUInt64());
}
