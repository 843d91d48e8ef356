using System.Buffers.Binary;
using Pyro.Vmm.Boot;
using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Tests.Boot;

public sealed class MpTableTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(32)]
    public void Table_fits_adds_up_to_zero_and_lists_every_processor(int vcpus)
    {
        using GuestMemory memory = GuestMemory.Create(4 << 20);
        MpTable.Write(memory, vcpus);

        Span<byte> pointer = memory.GetSpan(GuestLayout.MpTable, 16);
        Assert.Equal("_MP_"u8.ToArray(), pointer[..4].ToArray());
        Assert.Equal(0, Sum(pointer));

        var tableAddress = new GuestAddress(BinaryPrimitives.ReadUInt32LittleEndian(pointer[4..]));
        ushort length = BinaryPrimitives.ReadUInt16LittleEndian(memory.GetSpan(tableAddress, 44)[4..]);
        Assert.True(tableAddress.Value + length <= GuestLayout.MpTable.Value + GuestLayout.MpTableSize);
        Span<byte> table = memory.GetSpan(tableAddress, length);
        Assert.Equal(0, Sum(table));

        int processors = 0, interrupts = 0, at = 44;
        for (int left = BinaryPrimitives.ReadUInt16LittleEndian(table[34..]); left > 0; left--)
        {
            processors += table[at] == 0 ? 1 : 0;
            interrupts += table[at] == 3 ? 1 : 0;
            at += table[at] == 0 ? 20 : 8;
        }

        Assert.Equal(length, at);
        Assert.Equal(vcpus, processors);
        Assert.Equal(24, interrupts);
    }

    private static int Sum(ReadOnlySpan<byte> bytes)
    {
        int sum = 0;
        foreach (byte b in bytes)
        {
            sum += b;
        }

        return sum & 0xff;
    }
}
