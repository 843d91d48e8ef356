using Iced.Intel;
using Pyro.Vmm.Virtio.Block;
using static Iced.Intel.AssemblerRegisters;

namespace Pyro.Vmm.Tests.Snapshots;

/// <summary>
/// What tiny guests with a disk have in common: a virtio-blk driver that has one request of one sector under way and
/// waits for it. RBX is the driver's own, RAX and R8 are used.
/// </summary>
internal static class DiskGuest
{
    /// <summary>The sector that is read or written.</summary>
    internal const int Data = 0x304000;

    internal const int WordsPerSector = (int)BlockDevice.SectorSize / sizeof(ulong);

    private const uint Registers = 0xd0000000;
    private const int Descriptors = 0x300000;
    private const int Available = 0x301000;
    private const int Used = 0x302000;
    private const int Header = 0x303000;
    private const int Status = 0x303100;

    private const int Next = 1;
    private const int Write = 2;

    /// <summary>Maps the device's registers, and sets the device and its queue up.</summary>
    internal static void Start(Assembler a)
    {
        // A page directory for the fourth GiB, with the 2 MiB that the registers are in.
        a.mov(__qword_ptr[0xc000 + (128 * 8)], unchecked((int)(Registers | 0x83)));
        a.mov(__dword_ptr[0xc000 + (128 * 8) + 4], 0);
        a.mov(__qword_ptr[0xa000 + (3 * 8)], 0xc003);
        a.mov(ebx, unchecked((int)Registers));

        Descriptor(a, 0, Header, 16, Next);
        Descriptor(a, 1, Data, (int)BlockDevice.SectorSize, Next);
        Descriptor(a, 2, Status, 1, Write);
        foreach ((int register, int value) in new[]
        {
            (0x70, 0), (0x70, 1), (0x70, 3),
            (0x24, 1), (0x20, 1), (0x24, 0), (0x20, 0),     // VIRTIO_F_VERSION_1 and nothing else
            (0x70, 0xb),
            (0x30, 0), (0x38, 8),
            (0x80, Descriptors), (0x84, 0), (0x90, Available), (0x94, 0), (0xa0, Used), (0xa4, 0),
            (0x44, 1),
            (0x70, 0xf),
        })
        {
            a.mov(__dword_ptr[rbx + register], value);
        }
    }

    /// <summary>Reads the sector whose number is in R8.</summary>
    internal static void ReadSector(Assembler a, Label failed) => Transfer(a, type: 0, Next | Write, failed);

    /// <summary>Writes the sector whose number is in R8.</summary>
    internal static void WriteSector(Assembler a, Label failed) => Transfer(a, type: 1, Next, failed);

    /// <summary>Fills the sector with the value in RAX. Changes RCX and RDI.</summary>
    internal static void FillData(Assembler a)
    {
        a.mov(edi, Data);
        a.mov(ecx, WordsPerSector);
        a.rep.stosq();
    }

    private static void Descriptor(Assembler a, int number, int address, int length, int flags)
    {
        int at = Descriptors + (number * 16);
        a.mov(__qword_ptr[at], address);
        a.mov(__dword_ptr[at + 8], length);
        a.mov(__dword_ptr[at + 12], flags | ((number + 1) << 16));
    }

    private static void Transfer(Assembler a, int type, int dataFlags, Label failed)
    {
        Label wait = a.CreateLabel();
        a.mov(__dword_ptr[Header], type);
        a.mov(__qword_ptr[Header + 8], r8);
        a.mov(__word_ptr[Descriptors + 16 + 12], (short)dataFlags);
        a.mov(__byte_ptr[Status], 0xff);
        a.inc(__word_ptr[Available + 2]);
        a.mov(__dword_ptr[rbx + 0x50], 0);
        a.Label(ref wait);
        a.mov(ax, __word_ptr[Used + 2]);
        a.cmp(ax, __word_ptr[Available + 2]);
        a.jne(wait);
        a.cmp(__byte_ptr[Status], 0);
        a.jne(failed);
    }
}
