using System.Buffers.Binary;

namespace Pyro.Bench;

/// <summary>An ELF kernel of one port write, so that what is measured is the way to the guest and not the guest.</summary>
internal static class TinyKernel
{
    /// <summary>The port (the one that old firmware writes its progress to).</summary>
    internal const ushort Port = 0x80;

    private const int HeaderSize = 64;
    private const int ProgramHeaderSize = 56;
    private const ulong LoadAddress = 0x100_0000;

    // out 0x80, al; then hlt, over and over.
    private static ReadOnlySpan<byte> Code => [0xe6, (byte)Port, 0xf4, 0xeb, 0xfd];

    /// <summary>Writes it to a file.</summary>
    internal static void Write(string path)
    {
        byte[] elf = new byte[HeaderSize + ProgramHeaderSize + Code.Length];
        Span<byte> header = elf;
        "\u007fELF"u8.CopyTo(header);
        header[4] = 2;   // ELFCLASS64
        header[5] = 1;   // ELFDATA2LSB
        header[6] = 1;   // EV_CURRENT
        BinaryPrimitives.WriteUInt16LittleEndian(header[16..], 2);    // ET_EXEC
        BinaryPrimitives.WriteUInt16LittleEndian(header[18..], 62);   // EM_X86_64
        BinaryPrimitives.WriteUInt32LittleEndian(header[20..], 1);
        BinaryPrimitives.WriteUInt64LittleEndian(header[24..], LoadAddress);
        BinaryPrimitives.WriteUInt64LittleEndian(header[32..], HeaderSize);
        BinaryPrimitives.WriteUInt16LittleEndian(header[52..], HeaderSize);
        BinaryPrimitives.WriteUInt16LittleEndian(header[54..], ProgramHeaderSize);
        BinaryPrimitives.WriteUInt16LittleEndian(header[56..], 1);

        Span<byte> segment = header[HeaderSize..];
        BinaryPrimitives.WriteUInt32LittleEndian(segment, 1);   // PT_LOAD
        BinaryPrimitives.WriteUInt32LittleEndian(segment[4..], 5);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[8..], HeaderSize + ProgramHeaderSize);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[16..], LoadAddress);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[24..], LoadAddress);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[32..], (ulong)Code.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[40..], (ulong)Code.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[48..], 0x1000);
        Code.CopyTo(segment[ProgramHeaderSize..]);
        File.WriteAllBytes(path, elf);
    }
}
