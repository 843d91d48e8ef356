using System.Buffers.Binary;

namespace Pyro.Vmm.Tests.Boot;

/// <summary>Builds small ELF64 kernels for tests.</summary>
internal static class TinyElf
{
    internal const ulong LoadAddress = 0x1000000;

    internal static byte[] Build(byte[] code, ulong entry = LoadAddress, uint? pvhEntry = null, ulong? memorySize = null, bool executable = false)
    {
        const int codeOffset = 0x1000;
        byte[] note = pvhEntry is uint p ? PvhNote(p) : [];
        byte[] file = new byte[codeOffset + code.Length];
        Span<byte> f = file;
        "\u007fELF"u8.CopyTo(f);
        f[4] = 2;
        f[5] = 1;
        f[6] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(f[16..], 2);
        BinaryPrimitives.WriteUInt16LittleEndian(f[18..], 62);
        BinaryPrimitives.WriteUInt64LittleEndian(f[24..], entry);
        BinaryPrimitives.WriteUInt64LittleEndian(f[32..], 64);
        BinaryPrimitives.WriteUInt16LittleEndian(f[54..], 56);
        BinaryPrimitives.WriteUInt16LittleEndian(f[56..], (ushort)(note.Length > 0 ? 2 : 1));
        ProgramHeader(f[64..], 1, codeOffset, LoadAddress, (ulong)code.Length, memorySize ?? (ulong)code.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(f[(64 + 4)..], executable ? 1u : 0u);
        if (note.Length > 0)
        {
            ProgramHeader(f[(64 + 56)..], 4, 0x800, 0, (ulong)note.Length, (ulong)note.Length);
            note.CopyTo(f[0x800..]);
        }

        code.CopyTo(f[codeOffset..]);
        return file;
    }

    internal static FileStream Open(byte[] file)
    {
        string path = Path.GetTempFileName();
        File.WriteAllBytes(path, file);
        return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.DeleteOnClose);
    }

    private static void ProgramHeader(Span<byte> h, uint type, ulong offset, ulong address, ulong fileSize, ulong memorySize)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(h, type);
        BinaryPrimitives.WriteUInt64LittleEndian(h[8..], offset);
        BinaryPrimitives.WriteUInt64LittleEndian(h[16..], address);
        BinaryPrimitives.WriteUInt64LittleEndian(h[24..], address);
        BinaryPrimitives.WriteUInt64LittleEndian(h[32..], fileSize);
        BinaryPrimitives.WriteUInt64LittleEndian(h[40..], memorySize);
    }

    private static byte[] PvhNote(uint entry)
    {
        byte[] note = new byte[20];
        BinaryPrimitives.WriteUInt32LittleEndian(note, 4);
        BinaryPrimitives.WriteUInt32LittleEndian(note.AsSpan(4), 4);
        BinaryPrimitives.WriteUInt32LittleEndian(note.AsSpan(8), 18);
        "Xen\0"u8.CopyTo(note.AsSpan(12));
        BinaryPrimitives.WriteUInt32LittleEndian(note.AsSpan(16), entry);
        return note;
    }
}
