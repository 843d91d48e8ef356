using Microsoft.Win32.SafeHandles;
using Pyro.Vmm.Disks;

namespace Pyro.Vmm.Tests.Disks;

public sealed class RawDiskTests
{
    [Fact]
    public void A_raw_disk_agrees_with_an_array()
    {
        const int Length = 200 * 512;
        Random random = new(1);
        byte[] model = TestDisk.RandomBytes(random, Length);
        using RawDisk disk = new(TestDisk.NewFile(model), "disk.img", readOnly: false);
        Assert.Equal((ulong)Length, disk.Length);
        for (int i = 0; i < 3000; i++)
        {
            int offset = random.Next(200) * 512;
            int length = random.Next(1, 201 - (offset / 512)) * 512;
            switch (random.Next(5))
            {
                case 0:
                    byte[] data = TestDisk.RandomBytes(random, length);
                    disk.Transfer(random, write: true, (ulong)offset, data);
                    data.CopyTo(model, offset);
                    break;
                case 1:
                    disk.WriteZeroes((ulong)offset, (ulong)length, mayUnmap: random.Next(2) == 0);
                    model.AsSpan(offset, length).Clear();
                    break;
                default:
                    byte[] read = new byte[length];
                    disk.Transfer(random, write: false, (ulong)offset, read);
                    Assert.True(read.AsSpan().SequenceEqual(model.AsSpan(offset, length)), $"step {i}");
                    break;
            }
        }

        disk.Flush();
        Assert.Equal(model, disk.Read(0, Length));
    }

    [Fact]
    public void Discarded_sectors_become_a_hole_and_the_disk_keeps_its_length()
    {
        byte[] content = TestDisk.RandomBytes(new Random(2), 1 << 20);
        using RawDisk disk = new(TestDisk.NewFile(content), "disk.img", readOnly: false);
        disk.Discard(0, 1 << 20);
        Assert.Equal(new byte[1 << 20], disk.Read(0, 1 << 20));
        Assert.Equal(1UL << 20, disk.Length);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(511)]
    [InlineData(1000)]
    public void A_file_that_is_not_whole_sectors_is_refused_by_name(int length)
    {
        DiskException error = Assert.Throws<DiskException>(() => new RawDisk(TestDisk.NewFile((ulong)length), "root.ext4", readOnly: true));
        Assert.Contains("root.ext4", error.Message, StringComparison.Ordinal);
        Assert.Contains("truncated", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Accesses_beyond_the_end_are_refused_and_change_nothing()
    {
        using RawDisk disk = new(TestDisk.NewFile(4096), "disk.img", readOnly: false);
        Assert.Throws<ArgumentOutOfRangeException>(() => disk.Write(4096, new byte[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => disk.Write(ulong.MaxValue, new byte[512]));
        Assert.Throws<ArgumentOutOfRangeException>(() => disk.Read(4000, 512));
        Assert.Throws<ArgumentOutOfRangeException>(() => disk.WriteZeroes(512, ulong.MaxValue, true));
        Assert.Throws<ArgumentOutOfRangeException>(() => disk.Discard(4097, 0));
        Assert.Equal(new byte[4096], disk.Read(0, 4096));
    }

    [Fact]
    public void A_read_only_disk_refuses_every_change()
    {
        using RawDisk disk = new(TestDisk.NewFile(4096), "disk.img", readOnly: true);
        Assert.Throws<DiskException>(() => disk.Write(0, new byte[512]));
        Assert.Throws<DiskException>(() => disk.WriteZeroes(0, 512, true));
        Assert.Throws<DiskException>(() => disk.Discard(0, 512));
        disk.Flush();
        Assert.Equal(new byte[512], disk.Read(0, 512));
    }

    [Fact]
    public void A_file_cut_short_while_it_is_open_gives_an_error_that_says_so()
    {
        using SafeFileHandle watch = TestDisk.NewFile(8192);
        using RawDisk disk = new(TestDisk.Reopen(watch), "root.ext4", readOnly: true);
        RandomAccess.SetLength(watch, 5000);
        DiskException error = Assert.Throws<DiskException>(() => disk.Read(4096, 4096));
        Assert.Contains("cut short", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_error_of_the_host_names_the_file_and_the_cause()
    {
        using SafeFileHandle file = TestDisk.NewFile(4096);
        using RawDisk disk = new(TestDisk.Reopen(file, writable: false), "disk.img", readOnly: false);
        DiskException error = Assert.Throws<DiskException>(() => disk.Write(0, new byte[512]));
        Assert.Equal("disk disk.img: cannot write it: EBADF (Bad file descriptor)", error.Message);
    }

    [Fact]
    public void A_disk_in_use_for_writing_is_nobody_elses()
    {
        using SafeFileHandle file = TestDisk.NewFile(4096);
        using (RawDisk writer = new(TestDisk.Reopen(file), "disk.img", readOnly: false))
        {
            DiskException error = Assert.Throws<DiskException>(() => new RawDisk(TestDisk.Reopen(file), "disk.img", readOnly: true));
            Assert.Contains("in use by another machine", error.Message, StringComparison.Ordinal);
        }

        using RawDisk reader = new(TestDisk.Reopen(file), "disk.img", readOnly: true);
        using RawDisk another = new(TestDisk.Reopen(file), "disk.img", readOnly: true);
        Assert.Throws<DiskException>(() => new RawDisk(TestDisk.Reopen(file), "disk.img", readOnly: false));
    }
}
