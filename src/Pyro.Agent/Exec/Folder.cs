using System.Buffers.Binary;
using System.Text;
using Pyro.Agent.Native;

namespace Pyro.Agent.Exec;

/// <summary>What lies in a folder of <c>/proc</c> or of the cgroups' tree.</summary>
internal static unsafe class Folder
{
    // struct linux_dirent64: u64 ino, i64 off, u16 length, u8 type, name and NUL.
    private const int LengthOffset = 16;
    private const int TypeOffset = 18;
    private const int NameOffset = 19;
    private const byte DT_DIR = 4;

    /// <summary>The names of the folders in a folder; none if it cannot be read.</summary>
    public static List<string> FoldersIn(string path)
    {
        var names = new List<string>();
        int directory = Sys.Open(Sys.Utf8(path), Linux.O_RDONLY | Linux.O_DIRECTORY);
        if (directory < 0)
            return names;

        Span<byte> entries = stackalloc byte[8192];
        int length;
        while ((length = ReadEntries(directory, entries)) > 0)
        {
            for (int at = 0; at + NameOffset < length; at += BinaryPrimitives.ReadUInt16LittleEndian(entries[(at + LengthOffset)..]))
            {
                ReadOnlySpan<byte> name = entries[(at + NameOffset)..length];
                name = name[..Math.Max(name.IndexOf((byte)0), 0)];
                if (entries[at + TypeOffset] == DT_DIR && !name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8))
                    names.Add(Encoding.UTF8.GetString(name));
            }
        }

        Sys.Close(ref directory);
        return names;
    }

    private static int ReadEntries(int directory, Span<byte> buffer)
    {
        fixed (byte* p = buffer)
            return (int)Libc.getdents64(directory, p, (nuint)buffer.Length);
    }
}
