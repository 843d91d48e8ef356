using System.Buffers.Binary;
using Pyro.Protocol;

namespace Pyro.Trees.Tar;

/// <summary>
/// Writes an archive: ustar headers, GNU's entries for names that are too long for them, and the nanoseconds of times where
/// other readers see padding. Files are named by a directory's descriptor; links are never followed.
/// </summary>
public sealed class TarWriter(ITarOutput output)
{
    private const int MostLinked = 65_536;

    private static readonly byte[] s_longName = [.. "././@LongLink"u8];

    // The first names of files that have several.
    private readonly Dictionary<(ulong Device, ulong Inode), byte[]> _linked = [];

    /// <summary>Entries written so far.</summary>
    public ulong Entries { get; private set; }

    /// <summary>Bytes of content written so far.</summary>
    public ulong Bytes { get; private set; }

    /// <summary>Writes an open regular file.</summary>
    /// <param name="file">Open for reading, at its start.</param>
    /// <param name="status">What it is.</param>
    /// <param name="name">Its name in the archive.</param>
    /// <exception cref="TreeException">It cannot be read, or got shorter meanwhile.</exception>
    public void AddFile(int file, in FileStatus status, ReadOnlySpan<byte> name)
    {
        if (status.Links > 1)
        {
            if (_linked.TryGetValue((status.Device, status.Inode), out byte[]? first))
            {
                WriteHeader(TarLayout.HardLink, name, first, status, 0);
                return;
            }

            if (_linked.Count < MostLinked)
                _linked.Add((status.Device, status.Inode), name.ToArray());
        }

        WriteHeader(TarLayout.File, name, default, status, (long)status.Size);
        ulong rest = status.Size;
        while (rest > 0)
        {
            Span<byte> space = output.Space;
            int count = TreeCalls.Read(file, space[..(int)Math.Min((ulong)space.Length, rest)]);
            if (count < 0)
                throw TreeException.FromErrno(-count, name);
            if (count == 0)
                throw new TreeException(ToolFailure.Changed, TreeException.Text(name), "got shorter while it was read");
            output.Advance(count);
            rest -= (ulong)count;
        }

        Bytes += status.Size;
        Pad((int)(-(long)status.Size & (TarLayout.Block - 1)));
    }

    /// <summary>Writes a directory, without what is in it.</summary>
    public void AddDirectory(in FileStatus status, ReadOnlySpan<byte> name)
    {
        Span<byte> withSlash = stackalloc byte[name.Length + 1];
        name.CopyTo(withSlash);
        withSlash[^1] = (byte)'/';
        WriteHeader(TarLayout.Directory, withSlash, default, status, 0);
    }

    /// <summary>Writes a symbolic link.</summary>
    public void AddLink(in FileStatus status, ReadOnlySpan<byte> name, ReadOnlySpan<byte> target)
        => WriteHeader(TarLayout.SymbolicLink, name, target, status, 0);

    /// <summary>Writes the end mark.</summary>
    public void Complete() => Pad(2 * TarLayout.Block);

    private void WriteHeader(byte kind, ReadOnlySpan<byte> name, ReadOnlySpan<byte> link, in FileStatus status, long size)
    {
        int prefix = 0;
        if (name.Length > 100 && !TrySplit(name, out prefix))
            WriteLong(TarLayout.GnuLongName, name);
        if (link.Length > 100)
            WriteLong(TarLayout.GnuLongLink, link);

        Span<byte> header = stackalloc byte[TarLayout.Block];
        header.Clear();
        if (prefix > 0)
        {
            name[..prefix].CopyTo(header[TarLayout.Prefix]);
            name = name[(prefix + 1)..];
        }

        name[..Math.Min(name.Length, 100)].CopyTo(header[TarLayout.Name]);
        link[..Math.Min(link.Length, 100)].CopyTo(header[TarLayout.Link]);
        (long seconds, long fraction) = Math.DivRem(status.ModifiedNanoseconds, 1_000_000_000);
        if (fraction < 0)
        {
            seconds--;
            fraction += 1_000_000_000;
        }

        TarLayout.FractionWord.CopyTo(header[TarLayout.FractionMark]);
        BinaryPrimitives.WriteUInt32LittleEndian(header[TarLayout.Fraction], (uint)fraction);
        Finish(header, kind, status.Mode, size, seconds);
        Entries++;
    }

    private void WriteLong(byte kind, ReadOnlySpan<byte> text)
    {
        Span<byte> header = stackalloc byte[TarLayout.Block];
        header.Clear();
        s_longName.CopyTo(header);
        Finish(header, kind, 0x1a4, text.Length + 1, 0);
        Write(text);
        Write([0]);
        Pad(-(text.Length + 1) & (TarLayout.Block - 1));
    }

    private void Finish(Span<byte> header, byte kind, ushort mode, long size, long seconds)
    {
        TarNumber.Write(header[TarLayout.Mode], mode);
        TarNumber.Write(header[TarLayout.User], 0);
        TarNumber.Write(header[TarLayout.Group], 0);
        TarNumber.Write(header[TarLayout.Size], size);
        TarNumber.Write(header[TarLayout.Modified], seconds);
        header[TarLayout.Kind] = kind;
        TarLayout.UstarMagic.CopyTo(header[TarLayout.Magic]);
        header[TarLayout.Checksum].Fill((byte)' ');
        int sum = 0;
        foreach (byte b in header)
            sum += b;
        TarNumber.Write(header[TarLayout.Checksum][..7], sum);
        Write(header);
    }

    // At a slash that leaves at most 155 bytes before it and at most 100 after.
    private static bool TrySplit(ReadOnlySpan<byte> name, out int at)
    {
        at = 0;
        if (name.Length > 256)
            return false;
        int from = name.Length - 101;
        int slash = name[from..Math.Min(name.Length - 1, 156)].IndexOf((byte)'/');
        if (slash < 0 || from + slash == 0)
            return false;
        at = from + slash;
        return true;
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            Span<byte> space = output.Space;
            int count = Math.Min(space.Length, bytes.Length);
            bytes[..count].CopyTo(space);
            output.Advance(count);
            bytes = bytes[count..];
        }
    }

    private void Pad(int count)
    {
        while (count > 0)
        {
            Span<byte> space = output.Space;
            int part = Math.Min(space.Length, count);
            space[..part].Clear();
            output.Advance(part);
            count -= part;
        }
    }
}
