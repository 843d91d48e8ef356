using Pyro.Kvm;
using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Tests.Memory;

public sealed unsafe class GuestMemoryTests
{
    private const ulong GiB = 1UL << 30;

    [Fact]
    public void Memory_up_to_three_gibibytes_is_one_region_at_zero()
    {
        using GuestMemory memory = GuestMemory.Create(3 * GiB);
        MemoryRegion region = Assert.Single(memory.Regions);
        Assert.Equal(new GuestAddress(0), region.Start);
        Assert.Equal(3 * GiB, region.Length);
        Assert.Equal(3 * GiB, memory.Size);
    }

    [Fact]
    public void Memory_beyond_three_gibibytes_goes_on_above_the_hole()
    {
        using GuestMemory memory = GuestMemory.Create(5 * GiB);
        Assert.Equal(2, memory.Regions.Count);
        Assert.Equal(3 * GiB, memory.Regions[0].Length);
        Assert.Equal(new GuestAddress(4 * GiB), memory.Regions[1].Start);
        Assert.Equal(2 * GiB, memory.Regions[1].Length);
        Assert.Equal(5 * GiB, memory.Size);
    }

    [Theory]
    [InlineData(4096)]
    [InlineData(5 * GiB)]
    public void Host_addresses_allow_huge_pages(ulong size)
    {
        using GuestMemory first = GuestMemory.Create(4096);
        using GuestMemory memory = GuestMemory.Create(size);
        Assert.All(memory.Regions, region => Assert.Equal(0, (long)region.Host & ((2 << 20) - 1)));
    }

    [Fact]
    public void A_file_is_mapped_by_whole_pages_inside_memory_only()
    {
        string path = Path.GetTempFileName();
        File.WriteAllBytes(path, [.. new byte[4096], .. Enumerable.Repeat((byte)7, 8192)]);
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.DeleteOnClose);
        using GuestMemory memory = GuestMemory.Create(1 << 20);
        memory.MapFile(new GuestAddress(8192), 8192, file.SafeFileHandle, 4096);
        Assert.True(memory.TryRead(new GuestAddress(8191), out ushort across));
        Assert.Equal(0x0700, across);
        Assert.True(memory.TryWrite(new GuestAddress(8192), (byte)9));
        Assert.Equal(7, File.ReadAllBytes(path)[4096]);

        Assert.Throws<GuestMemoryException>(() => memory.MapFile(new GuestAddress((1 << 20) - 4096), 8192, file.SafeFileHandle, 0));
        Assert.Throws<ArgumentException>(() => memory.MapFile(new GuestAddress(1), 4096, file.SafeFileHandle, 0));
        Assert.Throws<ArgumentException>(() => memory.MapFile(new GuestAddress(0), 4096, file.SafeFileHandle, 512));
        Assert.Throws<ArgumentException>(() => memory.MapFile(new GuestAddress(0), 100, file.SafeFileHandle, 0));
    }

    [Fact]
    public void Whole_pages_of_a_piece_go_back_to_the_host()
    {
        using GuestMemory memory = GuestMemory.Create(4 * GiB);
        foreach (ulong start in new[] { 1UL << 20, (5 * GiB) - (4 * 4096) })
        {
            Span<byte> pages = memory.GetSpan(new GuestAddress(start), 4 * 4096);
            pages.Fill(7);
            Assert.True(memory.TryGetPointer(new GuestAddress(start), 4 * 4096, out byte* host));
            memory.GiveBack(new IoVector((nint)host + 1, 3 * 4096));
            Assert.Equal([1, 0, 0, 1], Resident(host, 4));
            Assert.Equal(-1, pages[..4096].IndexOfAnyExcept((byte)7));
            Assert.Equal(-1, pages[4096..(3 * 4096)].IndexOfAnyExcept((byte)0));
            Assert.Equal(-1, pages[(3 * 4096)..].IndexOfAnyExcept((byte)7));
        }
    }

    [Fact]
    public void What_is_not_this_memory_is_never_given_back()
    {
        using GuestMemory memory = GuestMemory.Create(8192);
        using GuestMemory other = GuestMemory.Create(8192);
        Span<byte> mine = memory.GetSpan(new GuestAddress(0), 8192);
        Span<byte> others = other.GetSpan(new GuestAddress(0), 8192);
        mine.Fill(7);
        others.Fill(8);
        nint host = memory.Regions[0].Host;
        memory.GiveBack(new IoVector(other.Regions[0].Host, 8192));
        memory.GiveBack(new IoVector(host, 8193));
        memory.GiveBack(new IoVector(host - 4096, 8192));
        memory.GiveBack(new IoVector(host + 4096, nuint.MaxValue - 4095));
        memory.GiveBack(new IoVector(host, 0));
        Assert.Equal(-1, mine.IndexOfAnyExcept((byte)7));
        Assert.Equal(-1, others.IndexOfAnyExcept((byte)8));
    }

    [Fact]
    public void Where_a_file_is_mapped_the_file_shows_again()
    {
        string path = Path.GetTempFileName();
        File.WriteAllBytes(path, [.. Enumerable.Repeat((byte)7, 8192)]);
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.DeleteOnClose);
        using GuestMemory memory = GuestMemory.Create(1 << 20);
        memory.MapFile(new GuestAddress(8192), 8192, file.SafeFileHandle, 0);
        Span<byte> mapped = memory.GetSpan(new GuestAddress(8192), 8192);
        mapped.Fill(9);
        Assert.True(memory.TryGetPointer(new GuestAddress(8192), 4096, out byte* host));
        memory.GiveBack(new IoVector((nint)host, 4096));
        Assert.Equal(-1, mapped[..4096].IndexOfAnyExcept((byte)7));
        Assert.Equal(-1, mapped[4096..].IndexOfAnyExcept((byte)9));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4095)]
    [InlineData((1UL << 40) + 4096)]
    public void Sizes_no_machine_can_have_are_refused(ulong size) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => GuestMemory.Create(size));

    [Fact]
    public void More_memory_than_the_address_space_holds_is_an_error_that_names_the_call()
    {
        // 127 mappings of 1 TiB fill the 47 bits of user space.
        List<GuestMemory> all = [];
        try
        {
            LinuxException error = Assert.Throws<LinuxException>(() =>
            {
                for (int i = 0; i < 129; i++)
                    all.Add(GuestMemory.Create(1UL << 40));
            });
            Assert.Contains("mmap", error.Message, StringComparison.Ordinal);
        }
        finally
        {
            foreach (GuestMemory memory in all)
                memory.Dispose();
        }
    }

    [Theory]
    [InlineData(0, 4096, true)]
    [InlineData(4095, 1, true)]
    [InlineData(4095, 2, false)]
    [InlineData(4096, 1, false)]
    [InlineData(4096, 0, false)]
    [InlineData(100, 0, true)]
    [InlineData(0, 4097, false)]
    [InlineData(1, ulong.MaxValue, false)]
    [InlineData(ulong.MaxValue, 1, false)]
    [InlineData(ulong.MaxValue, 2, false)]
    [InlineData(ulong.MaxValue - 4095, 4096, false)]
    public void Only_ranges_that_lie_in_memory_whole_are_found(ulong address, ulong length, bool found)
    {
        using GuestMemory memory = GuestMemory.Create(4096);
        Assert.Equal(found, memory.TryGetPointer(new GuestAddress(address), length, out byte* host));
        Assert.Equal(found, host != null);
        if (length <= uint.MaxValue)
            Assert.Equal(found, memory.TryGetSpan(new GuestAddress(address), (uint)length, out _));
    }

    [Theory]
    [InlineData((3 * GiB) - 1, 2)]
    [InlineData(3 * GiB, 1)]
    [InlineData((4 * GiB) - 1, 2)]
    [InlineData((3 * GiB) - 1, GiB + 2)]
    [InlineData(5 * GiB, 1)]
    public void No_range_reaches_into_the_hole_or_over_it(ulong address, ulong length)
    {
        using GuestMemory memory = GuestMemory.Create(4 * GiB);
        Assert.False(memory.TryGetPointer(new GuestAddress(address), length, out _));
    }

    [Fact]
    public void Values_keep_where_they_were_put_on_both_sides_of_the_hole()
    {
        using GuestMemory memory = GuestMemory.Create(4 * GiB);
        ulong[] addresses = [0, 3, (3 * GiB) - 8, 4 * GiB, (5 * GiB) - 8];
        foreach (ulong address in addresses)
            Assert.True(memory.TryWrite(new GuestAddress(address), ~address));
        foreach (ulong address in addresses.AsSpan(1))
        {
            Assert.True(memory.TryRead(new GuestAddress(address), out ulong value));
            Assert.Equal(~address, value);
        }

        Assert.False(memory.TryWrite(new GuestAddress((3 * GiB) - 7), 1UL));
        Assert.False(memory.TryRead(new GuestAddress((5 * GiB) - 7), out ulong _));
    }

    [Fact]
    public void A_span_outside_memory_is_an_error_that_says_where()
    {
        using GuestMemory memory = GuestMemory.Create(4096);
        GuestMemoryException error = Assert.Throws<GuestMemoryException>(() => memory.GetSpan(new GuestAddress(0x2000), 16));
        Assert.Contains("0x2000", error.Message, StringComparison.Ordinal);
        Assert.Equal(16UL, error.Length);
    }

    [Fact]
    public void A_range_longer_than_a_span_is_not_given_as_one()
    {
        using GuestMemory memory = GuestMemory.Create(3 * GiB);
        Assert.False(memory.TryGetSpan(new GuestAddress(0), 0x8000_0000, out _));
        Assert.True(memory.TryGetPointer(new GuestAddress(0), 0x8000_0000, out _));
    }

    private static int[] Resident(byte* host, int pages)
    {
        byte* resident = stackalloc byte[pages];
        Assert.Equal(0, Libc.mincore(host, (nuint)pages * 4096, resident));
        return [.. new ReadOnlySpan<byte>(resident, pages).ToArray().Select(r => r & 1)];
    }
}
