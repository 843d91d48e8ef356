using System.Buffers.Binary;
using System.Text;
using Pyro.Vmm.Boot;
using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Tests.Boot;

public sealed class KernelLoaderTests
{
    [Fact]
    public void Zero_page_tells_command_line_initramfs_and_all_usable_memory()
    {
        using FileStream kernel = TinyElf.Open(TinyElf.Build([0xf4]));
        using FileStream initramfs = TinyElf.Open(Enumerable.Repeat((byte)7, 5000).ToArray());
        using GuestMemory memory = GuestMemory.Create(64 << 20);
        BootEntry entry = KernelLoader.Load(memory, kernel.SafeFileHandle, "k", initramfs.SafeFileHandle, "hello world", 1, BootProtocol.Linux64);
        Assert.Equal(new BootEntry(BootProtocol.Linux64, TinyElf.LoadAddress), entry);

        Span<byte> page = memory.GetSpan(GuestLayout.BootParams, 4096);
        uint commandLine = BinaryPrimitives.ReadUInt32LittleEndian(page[0x228..]);
        Assert.Equal("hello world\0", Encoding.ASCII.GetString(memory.GetSpan(new GuestAddress(commandLine), 12)));

        uint ramdisk = BinaryPrimitives.ReadUInt32LittleEndian(page[0x218..]);
        Assert.Equal(5000u, BinaryPrimitives.ReadUInt32LittleEndian(page[0x21c..]));
        Assert.Equal(0u, ramdisk % 4096);
        Assert.True(memory.GetSpan(new GuestAddress(ramdisk), 5000).IndexOfAnyExcept((byte)7) < 0);

        var seed = new GuestAddress(BinaryPrimitives.ReadUInt64LittleEndian(page[0x250..]));
        Span<byte> setupData = memory.GetSpan(seed, 48);
        Assert.Equal((9u, 32u), (BinaryPrimitives.ReadUInt32LittleEndian(setupData[8..]), BinaryPrimitives.ReadUInt32LittleEndian(setupData[12..])));
        Assert.True(setupData[16..].IndexOfAnyExcept((byte)0) >= 0);

        ulong usable = 0;
        for (int i = 0; i < page[0x1e8]; i++)
        {
            Span<byte> e = page.Slice(0x2d0 + i * 20, 20);
            usable += BinaryPrimitives.ReadUInt32LittleEndian(e[16..]) == 1 ? BinaryPrimitives.ReadUInt64LittleEndian(e[8..]) : 0;
        }

        Assert.Equal((64UL << 20) - (0x100000 - 0x9fc00), usable);
    }

    [Fact]
    public void Memory_beyond_the_hole_is_on_the_map()
    {
        using GuestMemory memory = GuestMemory.Create(5UL << 30);
        List<MemoryMapEntry> map = MemoryMap.Of(memory);
        Assert.Contains(new MemoryMapEntry(4UL << 30, 2UL << 30, MemoryMapEntry.Ram), map);
        Assert.Contains(new MemoryMapEntry(0x100000, (3UL << 30) - 0x100000, MemoryMapEntry.Ram), map);
    }

    [Fact]
    public void Pvh_needs_its_note()
    {
        using FileStream kernel = TinyElf.Open(TinyElf.Build([0xf4]));
        using GuestMemory memory = GuestMemory.Create(64 << 20);
        var error = Assert.Throws<BootException>(() => KernelLoader.Load(memory, kernel.SafeFileHandle, "k", null, "", 1, BootProtocol.Pvh));
        Assert.Contains("CONFIG_PVH", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_command_line_that_is_too_long_is_refused()
    {
        using FileStream kernel = TinyElf.Open(TinyElf.Build([0xf4]));
        using GuestMemory memory = GuestMemory.Create(64 << 20);
        Assert.Throws<BootException>(() => KernelLoader.Load(memory, kernel.SafeFileHandle, "k", null, new string('x', 2048), 1, BootProtocol.Linux64));
    }

    [Fact]
    public void An_initramfs_that_does_not_fit_is_refused()
    {
        using FileStream kernel = TinyElf.Open(TinyElf.Build([0xf4]));
        using FileStream initramfs = TinyElf.Open(new byte[17 << 20]);
        using GuestMemory memory = GuestMemory.Create(32 << 20);
        var error = Assert.Throws<BootException>(() => KernelLoader.Load(memory, kernel.SafeFileHandle, "k", initramfs.SafeFileHandle, "", 1, BootProtocol.Linux64));
        Assert.Contains("more memory", error.Message, StringComparison.Ordinal);
    }
}
