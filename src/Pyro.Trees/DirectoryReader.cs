using System.Buffers.Binary;
using Pyro.Protocol;

namespace Pyro.Trees;

/// <summary>The names in a directory, in the order of their bytes.</summary>
public static class DirectoryReader
{
    // struct linux_dirent64: u64 ino, i64 off, u16 length, u8 type, name and NUL.
    private const int LengthAt = 16, TypeAt = 18, NameAt = 19;

    [ThreadStatic]
    private static byte[]? t_buffer;

    /// <summary>Reads all names, each with its NUL.</summary>
    /// <param name="directory">Open for reading, at its start.</param>
    /// <param name="path">For messages.</param>
    /// <param name="mostBytes">The most bytes that all names together may have.</param>
    /// <exception cref="TreeException">It cannot be read, or holds more.</exception>
    public static List<DirectoryEntry> Read(int directory, ReadOnlySpan<byte> path, int mostBytes = 16 << 20)
    {
        var names = new List<DirectoryEntry>();
        byte[] buffer = t_buffer ??= new byte[32 * 1024];
        int length;
        int total = 0;
        while ((length = TreeCalls.ReadEntries(directory, buffer)) > 0)
        {
            int size;
            for (int at = 0; at + NameAt < length; at += size)
            {
                size = BinaryPrimitives.ReadUInt16LittleEndian(buffer.AsSpan(at + LengthAt));
                ReadOnlySpan<byte> name = buffer.AsSpan(at + NameAt, size - NameAt);
                name = name[..(name.IndexOf((byte)0) + 1)];
                if (name.SequenceEqual(".\0"u8) || name.SequenceEqual("..\0"u8))
                    continue;
                total += name.Length;
                if (total > mostBytes)
                    throw new TreeException(ToolFailure.TooLarge, TreeException.Text(path), "the directory holds too many names");
                names.Add(new DirectoryEntry(name.ToArray(), KindOf(buffer[at + TypeAt])) { Inode = BinaryPrimitives.ReadUInt64LittleEndian(buffer.AsSpan(at)) });
            }
        }

        if (length < 0)
            throw TreeException.FromErrno(-length, path);
        names.Sort(static (a, b) => a.NameZ.AsSpan().SequenceCompareTo(b.NameZ));
        return names;
    }

    private static FileKind KindOf(byte type) => type switch
    {
        1 => FileKind.Fifo,
        2 => FileKind.CharacterDevice,
        4 => FileKind.Directory,
        6 => FileKind.BlockDevice,
        8 => FileKind.File,
        10 => FileKind.Link,
        12 => FileKind.Socket,
        _ => FileKind.Unknown,
    };
}
