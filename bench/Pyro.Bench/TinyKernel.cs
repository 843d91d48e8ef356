using System.Buffers.Binary;

namespace Pyro.Bench;

/// <summary>ELF kernels that write to one port, so that what is measured is the way to the guest and not the guest.</summary>
internal static class TinyKernel
{
    /// <summary>The port (the one that old firmware writes its progress to).</summary>
    internal const ushort Port = 0x80;

    private const int HeaderSize = 64;
    private const int ProgramHeaderSize = 56;
    private const ulong LoadAddress = 0x100_0000;

    /// <summary>Writes at once: <c>out 0x80, al</c>, then <c>hlt</c>, over and over.</summary>
    internal static ReadOnlySpan<byte> WritesAtOnce => [0xe6, (byte)Port, 0xf4, 0xeb, 0xfd];

    /// <summary>Reads the port until it is not 0 (<c>in al, 0x80; test al, al; jz</c>), then does as the other.</summary>
    internal static ReadOnlySpan<byte> WritesWhenTold => [0xe4, (byte)Port, 0x84, 0xc0, 0x74, 0xfa, 0xe6, (byte)Port, 0xf4, 0xeb, 0xfd];

    /// <summary>Writes a kernel to a file.</summary>
    internal static void Write(string path, ReadOnlySpan<byte> code)
    {
        byte[] elf = new byte[HeaderSize + ProgramHeaderSize + code.Length];
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
        BinaryPrimitives.WriteUInt64LittleEndian(segment[32..], (ulong)code.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[40..], (ulong)code.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[48..], 0x1000);
        code.CopyTo(segment[ProgramHeaderSize..]);
        File.WriteAllBytes(path, elf);
    }
}
