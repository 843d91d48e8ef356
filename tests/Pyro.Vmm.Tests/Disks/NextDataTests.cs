using Microsoft.Win32.SafeHandles;
using Pyro.Vmm.Disks;

namespace Pyro.Vmm.Tests.Disks;

public sealed class NextDataTests
{
    private const int Length = 8 << 20;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Whatever_is_left_out_of_layers_is_zero_and_little_else_is_told(int seed)
    {
        var random = new Random(seed);
        using SafeFileHandle image = TestDisk.NewFile(Length);
        for (int i = 0; i < 5; i++)
            RandomAccess.Write(image, TestDisk.RandomBytes(random, 5000), random.Next(Length - 5000));
        IDiskBackend disk = new RawDisk(TestDisk.Reopen(image, writable: false), "base", readOnly: true);
        for (int i = 0; i < 3; i++)
        {
            // The last layers make the disk longer than its base.
            OverlayDisk layer = OverlayDisk.Create(TestDisk.NewFile(), $"layer {i}", disk, length: (ulong)(Length + (i * 1_000_448)));
            for (int j = 0; j < 8; j++)
            {
                layer.Write((ulong)random.Next((int)layer.Length - 20000), TestDisk.RandomBytes(random, random.Next(1, 20000)));
                layer.WriteZeroes((ulong)random.Next((int)layer.Length - 500_000), (ulong)random.Next(1, 500_000), mayUnmap: true);
            }

            layer.Freeze();
            disk = layer;
        }

        using (disk)
        {
            byte[] all = disk.Read(0, (int)disk.Length);
            long told = 0;
            for (ulong at = 0; at < disk.Length; at += 4096)
            {
                ulong next = disk.NextData(at, disk.Length);
                Assert.InRange(next, at, disk.Length);
                Assert.False(all.AsSpan((int)at..(int)next).ContainsAnyExcept((byte)0), $"data between {at} and {next}");
                Assert.InRange(disk.NextData(at, Math.Min(at + 4096, disk.Length)), at, at + 4096);
                if (next - at < 4096)
                    told += 4096;
                else
                    at = (next / 4096 * 4096) - 4096;
            }

            long held = Enumerable.Range(0, all.Length / 4096).Count(block => all.AsSpan(block * 4096, 4096).ContainsAnyExcept((byte)0)) * 4096L;
            Assert.InRange(told, held, held + (2 << 20));
        }
    }

    [Fact]
    public void Disks_of_holes_have_none()
    {
        using OverlayDisk disk = OverlayDisk.Create(TestDisk.NewFile(), "top", new RawDisk(TestDisk.NewFile(1UL << 34), "base", readOnly: true));
        Assert.Equal(disk.Length, disk.NextData(0, disk.Length));
        Assert.Equal(4096UL, disk.NextData(512, 4096));
    }
}
