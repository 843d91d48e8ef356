using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Pyro.Environments;

/// <summary>What the quick check of an image looks at: the ext4 superblock (kernel documentation, "ext4 super block").</summary>
/// <param name="Uuid">The file system's UUID.</param>
/// <param name="Length">Its length in bytes.</param>
internal readonly record struct Ext4Superblock(string Uuid, long Length)
{
    private const int Offset = 1024, Size = 1024;

    /// <summary>Reads the superblock.</summary>
    /// <returns>False if the file holds no ext4 file system.</returns>
    /// <exception cref="IOException">The file cannot be read.</exception>
    internal static bool TryRead(string path, out Ext4Superblock superblock)
    {
        superblock = default;
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        Span<byte> block = stackalloc byte[Size];
        if (RandomAccess.Read(file, block, Offset) != Size)
            return false;
        if (BinaryPrimitives.ReadUInt16LittleEndian(block[0x38..]) != 0xEF53)
            return false;
        uint shift = BinaryPrimitives.ReadUInt32LittleEndian(block[0x18..]);
        if (shift > 6)
            return false;
        ulong blocks = BinaryPrimitives.ReadUInt32LittleEndian(block[0x4..]) | ((ulong)BinaryPrimitives.ReadUInt32LittleEndian(block[0x150..]) << 32);
        if (blocks > long.MaxValue >> 16)
            return false;
        superblock = new Ext4Superblock(new Guid(block.Slice(0x68, 16), bigEndian: true).ToString(), (long)blocks * (1024L << (int)shift));
        return true;
    }
}
