using System.Globalization;
using System.Text;

namespace Pyro.Components;

/// <summary>
/// Writes a cpio archive in the "new ASCII" format, the one that Linux unpacks as an initramfs
/// (Documentation/driver-api/early-userspace/buffer-format.rst).
/// </summary>
internal sealed class CpioWriter(Stream output)
{
    private const uint DirectoryType = 0x4000, FileType = 0x8000, CharacterDeviceType = 0x2000;

    private uint _inode;
    private long _written;

    internal void AddDirectory(string name, uint permissions) => AddHeader(name, DirectoryType | permissions, links: 2, size: 0, 0, 0);

    internal void AddCharacterDevice(string name, uint permissions, uint major, uint minor) =>
        AddHeader(name, CharacterDeviceType | permissions, links: 1, size: 0, major, minor);

    internal void AddFile(string name, uint permissions, Stream content)
    {
        long size = content.Length;
        AddHeader(name, FileType | permissions, links: 1, checked((uint)size), 0, 0);
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
        AddHeader("TRAILER!!!", mode: 0, links: 1, size: 0, 0, 0);
    }

    private void AddHeader(string name, uint mode, uint links, uint size, uint deviceMajor, uint deviceMinor)
    {
        uint[] fields =
        [
            unchecked(++_inode), mode, 0 /* user */, 0 /* group */, links, 0 /* time */, size,
            0, 0 /* device that holds it */, deviceMajor, deviceMinor, (uint)name.Length + 1, 0 /* checksum */,
        ];
        var header = new StringBuilder("070701", 128);
        foreach (uint field in fields)
            header.Append(field.ToString("X8", CultureInfo.InvariantCulture));
        header.Append(name).Append('\0');
        byte[] bytes = Encoding.ASCII.GetBytes(header.ToString());
        output.Write(bytes);
        _written += bytes.Length;
        Pad();
    }

    private void Pad()
    {
        int missing = (int)(-_written & 3);
        output.Write([0, 0, 0], 0, missing);
        _written += missing;
    }
}
