using Microsoft.Win32.SafeHandles;
using Pyro.Vmm.Disks;

namespace Pyro.Vmm.Tests.Disks;

public sealed class OverlayDiskTests
{
    private const int Sectors = 403; // the last cluster is not whole
    private const int Length = Sectors * 512;

    [Fact]
    public void An_empty_layer_shows_its_base()
    {
        byte[] content = TestDisk.RandomBytes(new Random(1), Length);
        using OverlayDisk disk = OverlayDisk.Create(TestDisk.NewFile(), "top", TestDisk.ReadOnlyDisk(content));
        Assert.Equal((ulong)Length, disk.Length);
        Assert.Equal(content, disk.Read(0, Length));
    }

    [Fact]
    public void Writes_go_to_the_layer_and_never_to_the_base()
    {
        byte[] content = TestDisk.RandomBytes(new Random(2), Length);
        using SafeFileHandle baseFile = TestDisk.NewFile(content);
        RawDisk lower = new(TestDisk.Reopen(baseFile, writable: false), "base", readOnly: true);
        using OverlayDisk disk = OverlayDisk.Create(TestDisk.NewFile(), "top", lower);
        disk.Write(100 * 512, new byte[512]);
        disk.WriteZeroes(0, 8192, mayUnmap: true);
        disk.Discard(8192, 8192);
        disk.Flush();

        byte[] still = new byte[Length];
        RandomAccess.Read(baseFile, still, 0);
        Assert.Equal(content, still);
        Assert.Equal([.. content[(99 * 512)..(100 * 512)], .. new byte[512], .. content[(101 * 512)..(102 * 512)]], disk.Read(99 * 512, 3 * 512));
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, true)]
    [InlineData(4, true)]
    public void Layers_agree_with_an_array_through_freezing_reopening_and_growth(int seed, bool unmap)
    {
        Random random = new(seed);
        byte[] content = TestDisk.RandomBytes(random, Length);
        byte[] model = [.. content];
        using SafeFileHandle baseFile = TestDisk.NewFile(content);
        List<SafeFileHandle> layers = [TestDisk.NewFile()];
        OverlayDisk disk = OverlayDisk.Create(TestDisk.Reopen(layers[0]), "layer 0", Base());
        for (int i = 0; i < 6000; i++)
        {
            // Mostly sectors, but a layer knows no sectors.
            int unit = random.Next(10) == 0 ? 1 : 512;
            int offset = random.Next(model.Length / unit) * unit;
            int longest = Math.Min(model.Length - offset, random.Next(20) == 0 ? model.Length : 20000) / unit;
            int length = random.Next(1, longest + 1) * unit;
            switch (random.Next(12))
            {
                case 0 or 1 or 2:
                    byte[] data = TestDisk.RandomBytes(random, length);
                    disk.Transfer(random, write: true, (ulong)offset, data);
                    data.CopyTo(model, offset);
                    break;
                case 3:
                    disk.WriteZeroes((ulong)offset, (ulong)length, unmap);
                    model.AsSpan(offset, length).Clear();
                    break;
                case 4:
                    disk.Discard((ulong)offset, (ulong)length);
                    byte[] after = disk.Read((ulong)offset, length);
                    for (int b = 0; b < length; b++)
                        Assert.True(after[b] == 0 || after[b] == model[offset + b]);
                    after.CopyTo(model, offset);
                    break;
                case 5:
                    disk.Flush();
                    break;
                case 6 when random.Next(20) == 0:
                    disk.Flush();
                    disk.Dispose();
                    disk = Reopen();
                    break;
                case 7 when random.Next(50) == 0 && layers.Count < 6:
                    disk.Freeze();
                    Assert.True(disk.IsFrozen);
                    Assert.Throws<DiskException>(() => disk.Write(0, new byte[512]));
                    Array.Resize(ref model, model.Length + (random.Next(3) * 512));
                    layers.Add(TestDisk.NewFile());
                    disk = OverlayDisk.Create(TestDisk.Reopen(layers[^1]), $"layer {layers.Count - 1}", disk, length: (ulong)model.Length);
                    break;
                default:
                    byte[] read = new byte[length];
                    read.AsSpan().Fill(0xcc);
                    disk.Transfer(random, write: false, (ulong)offset, read);
                    Assert.True(read.AsSpan().SequenceEqual(model.AsSpan(offset, length)), $"step {i} of seed {seed}");
                    break;
            }
        }

        Assert.Equal(model, disk.Read(0, model.Length));
        Assert.True(layers.Count > 2);
        disk.Dispose();
        byte[] still = new byte[Length];
        RandomAccess.Read(baseFile, still, 0);
        Assert.Equal(content, still);
        layers.ForEach(layer => layer.Dispose());

        RawDisk Base() => new(TestDisk.Reopen(baseFile, writable: false), "base", readOnly: true);

        OverlayDisk Reopen()
        {
            IDiskBackend lower = Base();
            for (int n = 0; n < layers.Count - 1; n++)
                lower = OverlayDisk.Open(TestDisk.Reopen(layers[n], writable: false), $"layer {n}", lower, readOnly: true);
            return OverlayDisk.Open(TestDisk.Reopen(layers[^1]), $"layer {layers.Count - 1}", lower, readOnly: false);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void What_was_flushed_survives_a_crash_at_any_change(int seed)
    {
        const int Rounds = 150;
        Random random = new(seed);
        byte[] content = TestDisk.RandomBytes(random, Length);
        using SafeFileHandle lockFile = TestDisk.NewFile();
        int crashes = 0;
        for (int round = 0; round < Rounds; round++)
        {
            FragileFile file = new(TestDisk.Reopen(lockFile), []);
            OverlayDisk disk = OverlayDisk.Create(file, TestDisk.ReadOnlyDisk(content), DiskDurability.Durable, null);
            SectorHistory history = new(content);
            for (int life = 0; life < 3; life++)
            {
                file.CrashAfter(random.Next(0, 60));
                try
                {
                    for (int i = 0; i < 60; i++)
                        Step(disk, history, random);
                }
                catch (FragileFile.Crash)
                {
                    crashes++;
                }

                disk.Dispose();
                byte[] found = random.Next(2) == 0 ? file.AfterKill() : file.AfterPowerLoss(random);
                file = new FragileFile(TestDisk.Reopen(lockFile), found);
                disk = OverlayDisk.Open(file, TestDisk.ReadOnlyDisk(content), readOnly: false, DiskDurability.Durable);
                history.Settle(disk.Read(0, Length), $"seed {seed}, round {round}, life {life}");
            }

            disk.Dispose();
        }

        Assert.InRange(crashes, Rounds, 3 * Rounds);
    }

    [Fact]
    public void A_throw_away_layer_is_not_synced()
    {
        using SafeFileHandle lockFile = TestDisk.NewFile();
        FragileFile file = new(TestDisk.Reopen(lockFile), []);
        using OverlayDisk disk = OverlayDisk.Create(file, TestDisk.ReadOnlyDisk(new byte[Length]), DiskDurability.ThrowAway, null);
        disk.Write(0, new byte[4096]);
        // The next change or sync would throw.
        file.CrashAfter(0);
        disk.Flush();
        Assert.Equal(new byte[4096], disk.Read(0, 4096));
    }

    [Fact]
    public void A_failed_flush_is_not_forgotten()
    {
        // A pipe cannot be synced: fdatasync gives EINVAL.
        using System.IO.Pipes.AnonymousPipeServerStream pipe = new();
        using SafeFileHandle handle = new(Pyro.Kvm.Libc.dup(pipe.SafePipeHandle), ownsHandle: true);
        using DiskFile file = new(handle, "disk.img");
        Assert.Contains("EINVAL", Assert.Throws<DiskException>(file.Sync).Message, StringComparison.Ordinal);
        Assert.Contains("earlier flush failed", Assert.Throws<DiskException>(file.Sync).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_layer_over_a_disk_that_can_change_is_refused()
    {
        using RawDisk writable = new(TestDisk.NewFile(8192), "writable", readOnly: false);
        Assert.Throws<ArgumentException>(() => OverlayDisk.Create(TestDisk.NewFile(), "top", writable));
        OverlayDisk layer = OverlayDisk.Create(TestDisk.NewFile(), "middle", TestDisk.ReadOnlyDisk(new byte[8192]));
        Assert.Throws<ArgumentException>(() => OverlayDisk.Create(TestDisk.NewFile(), "top", layer));
        layer.Freeze();
        using OverlayDisk top = OverlayDisk.Create(TestDisk.NewFile(), "top", layer);
        Assert.Equal(8192UL, top.Length);
    }

    [Theory]
    [InlineData(4096UL)]
    [InlineData(8193UL)]
    [InlineData((4UL << 40) + 512)]
    public void A_length_no_disk_over_its_base_can_have_is_refused(ulong length)
    {
        using RawDisk lower = TestDisk.ReadOnlyDisk(new byte[8192]);
        Assert.Throws<ArgumentException>(() => OverlayDisk.Create(TestDisk.NewFile(), "top", lower, length: length));
    }

    [Fact]
    public void A_frozen_layer_that_flushes_nothing_still_holds_all_that_was_written_to_it()
    {
        byte[] content = TestDisk.RandomBytes(new Random(7), 8192);
        using SafeFileHandle file = TestDisk.NewFile();
        using (OverlayDisk layer = OverlayDisk.Create(TestDisk.Reopen(file), "layer", TestDisk.ReadOnlyDisk(new byte[16384]), DiskDurability.ThrowAway))
        {
            layer.Write(4096, content);
            layer.Freeze();
        }

        using OverlayDisk again = OverlayDisk.Open(TestDisk.Reopen(file, writable: false), "layer", TestDisk.ReadOnlyDisk(new byte[16384]), readOnly: true);
        Assert.Equal(content, again.Read(4096, 8192));
    }

    [Fact]
    public void A_branch_goes_on_in_a_new_layer_and_leaves_what_was_before_as_it_is()
    {
        using SafeFileHandle file = TestDisk.NewFile();
        OverlayDisk before = OverlayDisk.Create(TestDisk.Reopen(file), "before", TestDisk.ReadOnlyDisk(new byte[8192]), DiskDurability.ThrowAway);
        before.Write(0, "before"u8);
        using OverlayDisk after = before.Branch(TestDisk.NewFile(), "after");
        after.Write(0, "after!"u8);
        Assert.Equal("after!"u8, after.Read(0, 6));
        using OverlayDisk other = OverlayDisk.Open(TestDisk.Reopen(file, writable: false), "before", TestDisk.ReadOnlyDisk(new byte[8192]), readOnly: true);
        Assert.Equal("before"u8, other.Read(0, 6));
    }

    [Fact]
    public void A_layer_that_could_not_be_branched_can_still_be_written_to()
    {
        using OverlayDisk disk = OverlayDisk.Create(TestDisk.NewFile(), "disk", TestDisk.ReadOnlyDisk(new byte[8192]), DiskDurability.ThrowAway);
        using SafeFileHandle full = TestDisk.NewFile(1);
        DiskException error = Assert.Throws<DiskException>(() => disk.Branch(full, "after"));
        Assert.Contains("not empty", error.Message, StringComparison.Ordinal);
        disk.Write(0, "more"u8);
        Assert.Equal("more"u8, disk.Read(0, 4));
    }

    [Fact]
    public void A_new_layer_does_not_overwrite_a_file_that_holds_something()
    {
        using RawDisk lower = TestDisk.ReadOnlyDisk(new byte[8192]);
        DiskException error = Assert.Throws<DiskException>(() => OverlayDisk.Create(TestDisk.NewFile(1), "top", lower));
        Assert.Contains("not empty", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Reads_and_writes_allocate_nothing()
    {
        byte[] content = TestDisk.RandomBytes(new Random(6), Length);
        OverlayDisk middle = OverlayDisk.Create(TestDisk.NewFile(), "middle", TestDisk.ReadOnlyDisk(content));
        middle.Write(8192, new byte[4096]);
        middle.Freeze();
        using OverlayDisk disk = OverlayDisk.Create(TestDisk.NewFile(), "top", middle);
        byte[] data = new byte[32768];
        Assert.Equal(0, Allocations.Of(() => Run(1000)));

        void Run(int count)
        {
            for (int i = 0; i < count; i++)
            {
                ulong offset = (ulong)(i % 300) * 512;
                disk.Write(offset, data.AsSpan(0, 512 * (1 + (i % 9))));
                disk.ReadInto(offset / 2, data);
                disk.WriteZeroes(offset, 4608, mayUnmap: true);
            }
        }
    }

    private static void Step(OverlayDisk disk, SectorHistory history, Random random)
    {
        int sector = random.Next(Sectors);
        int count = Math.Min(random.Next(1, 30), Sectors - sector);
        ulong offset = (ulong)sector * 512;
        byte[] data = new byte[count * 512];
        switch (random.Next(8))
        {
            // What a call writes may be found from its beginning on, since it may not return.
            case 0:
                history.MayBecome(sector, data);
                disk.WriteZeroes(offset, (ulong)data.Length, mayUnmap: random.Next(2) == 0);
                history.Is(sector, data);
                break;
            case 1:
                history.MayBecome(sector, data);
                disk.Discard(offset, (ulong)data.Length);
                history.Is(sector, disk.Read(offset, data.Length));
                break;
            case 2:
                disk.Flush();
                history.Flushed();
                break;
            default:
                random.NextBytes(data);
                history.MayBecome(sector, data);
                disk.Write(offset, data);
                history.Is(sector, data);
                break;
        }
    }
}
