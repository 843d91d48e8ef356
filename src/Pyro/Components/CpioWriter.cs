using System.Globalization;
using System.Text;

namespace Pyro.Components;

/// <summary>
/// Writes a cpio archive in the "new ASCII" format, the one that Linux unpacks as an initramfs
/// (Documentation/driver-api/early-userspace/buffer-format.rst).
/// </summary>
internal sealed class CpioWriter(Stream output)
{
    private const int PageSize = 4096;
    private const uint DirectoryType = 0x4000, FileType = 0x8000, CharacterDeviceType = 0x2000;

    private uint _inode;
    private long _written;

    internal void AddDirectory(string name, uint permissions) => AddHeader(name, DirectoryType | permissions, links: 2);

    internal void AddCharacterDevice(string name, uint permissions, uint major, uint minor) =>
        AddHeader(name, CharacterDeviceType | permissions, links: 1, deviceMajor: major, deviceMinor: minor);

    /// <summary>Adds a file whose content begins on a page of the archive: Pyro's kernel leaves it where it is.</summary>
    internal void AddFile(string name, uint permissions, Stream content)
    {
        long size = content.Length;
        AddHeader(name, FileType | permissions, links: 1, checked((uint)size), alignment: PageSize);
        long before = output.Position;
        content.CopyTo(output);
        if (output.Position - before != size)
            throw new IOException($"{name} changed its size while it was read");
        _written += size;
        Pad();
    }

    /// <summary>Ends the archive.</summary>
    internal void Finish()
    {
        _inode = uint.MaxValue;
        AddHeader("TRAILER!!!", mode: 0, links: 1);
    }

    private void AddHeader(string name, uint mode, uint links, uint size = 0, uint deviceMajor = 0, uint deviceMinor = 0, int alignment = 4)
    {
        const int fixedLength = 110;
        // Zeroes behind a name are allowed, and the way to align what follows.
        int nameEnd = (int)(_written % alignment) + fixedLength + name.Length + 1;
        int nameLength = name.Length + 1 + ((alignment - (nameEnd % alignment)) % alignment);
        uint[] fields =
        [
            unchecked(++_inode), mode, 0 /* user */, 0 /* group */, links, 0 /* time */, size,
            0, 0 /* device that holds it */, deviceMajor, deviceMinor, (uint)nameLength, 0 /* checksum */,
        ];
        var header = new StringBuilder("070701", fixedLength + nameLength);
        foreach (uint field in fields)
            header.Append(field.ToString("X8", CultureInfo.InvariantCulture));
        header.Append(name).Append('\0', nameLength - name.Length);
        byte[] bytes = Encoding.ASCII.GetBytes(header.ToString());
        output.Write(bytes);
        _written += bytes.Length;
    }

    private void Pad()
    {
        int missing = (int)(-_written & 3);
        output.Write([0, 0, 0], 0, missing);
        _written += missing;
    }
}
