using System.Buffers.Binary;
using Pyro.Kvm;
using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Boot;

/// <summary>The <c>boot_params</c> page of the 64-bit Linux boot protocol.</summary>
/// <remarks>Documentation/arch/x86/zero-page.rst and boot.rst in the kernel's source; offsets are the protocol's.</remarks>
internal static unsafe class ZeroPage
{
    private const int Size = 4096;
    private const int E820Entries = 0x1e8;
    private const int BootFlag = 0x1fe;
    private const int HeaderMagic = 0x202;
    private const int Version = 0x206;
    private const int TypeOfLoader = 0x210;
    private const int LoadFlags = 0x211;
    private const int RamdiskImage = 0x218;
    private const int RamdiskSize = 0x21c;
    private const int CommandLinePointer = 0x228;
    private const int KernelAlignment = 0x230;
    private const int CommandLineSize = 0x238;
    private const int SetupDataPointer = 0x250;
    private const int E820Table = 0x2d0;
    private const int E820EntrySize = 20;
    private const int E820Max = 128;

    private const uint SetupRngSeed = 9;
    private const int SetupDataHeader = 16;
    private const int SeedLength = 32;

    private const byte LoadedHigh = 1;
    private const byte UnregisteredLoader = 0xff;

    internal static void Write(GuestMemory memory, List<MemoryMapEntry> map, uint commandLineLength, ulong ramdisk, uint ramdiskSize)
    {
        Span<byte> page = memory.GetSpan(GuestLayout.BootParams, Size);
        page.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(page[BootFlag..], 0xaa55);
        "HdrS"u8.CopyTo(page[HeaderMagic..]);
        BinaryPrimitives.WriteUInt16LittleEndian(page[Version..], 0x020f);
        page[TypeOfLoader] = UnregisteredLoader;
        page[LoadFlags] = LoadedHigh;
        BinaryPrimitives.WriteUInt32LittleEndian(page[RamdiskImage..], (uint)ramdisk);
        BinaryPrimitives.WriteUInt32LittleEndian(page[RamdiskSize..], ramdiskSize);
        BinaryPrimitives.WriteUInt32LittleEndian(page[CommandLinePointer..], (uint)GuestLayout.CommandLine.Value);
        BinaryPrimitives.WriteUInt32LittleEndian(page[CommandLineSize..], commandLineLength);
        BinaryPrimitives.WriteUInt32LittleEndian(page[KernelAlignment..], 0x0100_0000);

        BinaryPrimitives.WriteUInt64LittleEndian(page[SetupDataPointer..], WriteSeed(memory));

        page[E820Entries] = (byte)Math.Min(map.Count, E820Max);
        for (int i = 0; i < page[E820Entries]; i++)
        {
            Span<byte> entry = page.Slice(E820Table + i * E820EntrySize, E820EntrySize);
            BinaryPrimitives.WriteUInt64LittleEndian(entry, map[i].Start);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[8..], map[i].Length);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[16..], map[i].Type);
        }
    }

    /// <summary>A seed for the guest's random pool: a processor without RDRAND leaves it empty until virtio-rng is there. The kernel wipes it.</summary>
    private static ulong WriteSeed(GuestMemory memory)
    {
        Span<byte> data = memory.GetSpan(GuestLayout.SetupData, SetupDataHeader + SeedLength);
        data.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(data[8..], SetupRngSeed);
        BinaryPrimitives.WriteUInt32LittleEndian(data[12..], SeedLength);
        fixed (byte* seed = data[SetupDataHeader..])
        {
            // SAFETY: the pinned span has SeedLength bytes; getrandom gives so few at once or fails.
            if (Libc.getrandom(seed, SeedLength, 0) != SeedLength)
            {
                throw LinuxException.Last("getrandom");
            }
        }

        return GuestLayout.SetupData.Value;
    }
}
