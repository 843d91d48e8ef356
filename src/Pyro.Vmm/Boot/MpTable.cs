using System.Buffers.Binary;
using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Boot;

/// <summary>
/// The Intel MultiProcessor table: with no ACPI it is how the guest learns of its processors and of the I/O APIC's pins.
/// </summary>
/// <remarks>Intel MultiProcessor Specification 1.4, chapter 4. ISA interrupt n is wired to I/O APIC pin n, as KVM does by default.</remarks>
internal static class MpTable
{
    internal const int MaxVcpus = 32;
    private const byte ApicVersion = 0x14;
    private const int FloatingPointerSize = 16;
    private const int HeaderSize = 44;

    internal static void Write(GuestMemory memory, int vcpuCount)
    {
        Span<byte> area = memory.GetSpan(GuestLayout.MpTable, GuestLayout.MpTableSize);
        area.Clear();
        Span<byte> table = area[FloatingPointerSize..];

        int length = HeaderSize;
        int entries = 0;
        byte ioApicId = (byte)vcpuCount;

        for (int i = 0; i < vcpuCount; i++)
        {
            Span<byte> cpu = Next(table, 20, ref length, ref entries);
            cpu[0] = 0;
            cpu[1] = (byte)i;
            cpu[2] = ApicVersion;
            cpu[3] = (byte)(i == 0 ? 0b11 : 0b01); // enabled; the first is the bootstrap processor
            BinaryPrimitives.WriteUInt32LittleEndian(cpu[4..], 0x600); // family 6: only shown, CPUID decides
            BinaryPrimitives.WriteUInt32LittleEndian(cpu[8..], 0x201); // APIC and FPU on chip
        }

        Span<byte> bus = Next(table, 8, ref length, ref entries);
        bus[0] = 1;
        "ISA   "u8.CopyTo(bus[2..]);

        Span<byte> ioApic = Next(table, 8, ref length, ref entries);
        ioApic[0] = 2;
        ioApic[1] = ioApicId;
        ioApic[2] = ApicVersion;
        ioApic[3] = 1;
        BinaryPrimitives.WriteUInt32LittleEndian(ioApic[4..], (uint)GuestLayout.IoApic);

        for (byte pin = 0; pin < GuestLayout.IoApicPins; pin++)
        {
            Interrupt(Next(table, 8, ref length, ref entries), kind: 3, type: 0, sourceIrq: pin, ioApicId, pin);
        }

        // Local interrupts of every processor: ExtINT on LINT0, NMI on LINT1.
        Interrupt(Next(table, 8, ref length, ref entries), kind: 4, type: 3, sourceIrq: 0, destination: 0, destinationPin: 0);
        Interrupt(Next(table, 8, ref length, ref entries), kind: 4, type: 1, sourceIrq: 0, destination: 0xff, destinationPin: 1);

        WriteHeader(table[..length], entries);
        WriteFloatingPointer(area[..FloatingPointerSize]);
    }

    private static Span<byte> Next(Span<byte> table, int size, ref int length, ref int entries)
    {
        Span<byte> entry = table.Slice(length, size);
        length += size;
        entries++;
        return entry;
    }

    private static void Interrupt(Span<byte> entry, byte kind, byte type, byte sourceIrq, byte destination, byte destinationPin)
    {
        entry[0] = kind;
        entry[1] = type;
        entry[5] = sourceIrq;
        entry[6] = destination;
        entry[7] = destinationPin;
    }

    private static void WriteHeader(Span<byte> table, int entries)
    {
        "PCMP"u8.CopyTo(table);
        BinaryPrimitives.WriteUInt16LittleEndian(table[4..], (ushort)table.Length);
        table[6] = 4; // specification 1.4
        "PYRO    "u8.CopyTo(table[8..]);
        "MACHINE     "u8.CopyTo(table[16..]);
        BinaryPrimitives.WriteUInt16LittleEndian(table[34..], (ushort)entries);
        BinaryPrimitives.WriteUInt32LittleEndian(table[36..], (uint)GuestLayout.LocalApic);
        table[7] = Checksum(table);
    }

    private static void WriteFloatingPointer(Span<byte> pointer)
    {
        "_MP_"u8.CopyTo(pointer);
        BinaryPrimitives.WriteUInt32LittleEndian(pointer[4..], (uint)GuestLayout.MpTable.Value + FloatingPointerSize);
        pointer[8] = FloatingPointerSize / 16;
        pointer[9] = 4;
        pointer[10] = Checksum(pointer);
    }

    /// <summary>The byte that makes all bytes add up to zero.</summary>
    private static byte Checksum(ReadOnlySpan<byte> bytes)
    {
        byte sum = 0;
        foreach (byte b in bytes)
        {
            sum += b;
        }

        return (byte)-sum;
    }
}
