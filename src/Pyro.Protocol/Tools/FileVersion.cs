namespace Pyro.Protocol;

/// <summary>By what it is known that a file is still the one that was read.</summary>
/// <param name="Inode">Its inode number.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="ChangedNanoseconds">Its ctime, in nanoseconds since 1970: the kernel's own, which no program can set.</param>
public readonly record struct FileVersion(ulong Inode, ulong Size, long ChangedNanoseconds)
{
    internal const int WireSize = 3 * sizeof(ulong);

    internal void Write(ref PayloadWriter writer)
    {
        writer.WriteUInt64(Inode);
        writer.WriteUInt64(Size);
        writer.WriteUInt64((ulong)ChangedNanoseconds);
    }

    internal static FileVersion Read(ref PayloadReader reader)
        => new(reader.ReadUInt64(), reader.ReadUInt64(), (long)reader.ReadUInt64());
}
