using System.Buffers.Binary;

namespace Pyro.Trees;

/// <summary>The names in a directory, in the order of their bytes.</summary>
public static class DirectoryReader
{
    // struct linux_dirent64: u64 ino, i64 off, u16 length, u8 type, name and NUL.
    private const int LengthAt = 16, NameAt = 19;

    [ThreadStatic]
    private static byte[]? t_buffer;

    /// <summary>Reads all names, each with its NUL.</summary>
    /// <param name="directory">Open for reading, at its start.</param>
    /// <param name="path">For messages.</param>
    /// <param name="mostBytes">The most bytes that all names together may have.</param>
    /// <exception cref="TreeException">It cannot be read, or holds more.</exception>
    public static List<byte[]> ReadNames(int directory, ReadOnlySpan<byte> path, int mostBytes = 16 << 20)
    {
        var names = new List<byte[]>();
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
                    throw new TreeException(Protocol.ToolFailure.TooLarge, TreeException.Text(path), "the directory holds too many names");
                names.Add(name.ToArray());
            }
        }

        if (length < 0)
            throw TreeException.FromErrno(-length, path);
        names.Sort(static (a, b) => a.AsSpan().SequenceCompareTo(b));
        return names;
    }
}
