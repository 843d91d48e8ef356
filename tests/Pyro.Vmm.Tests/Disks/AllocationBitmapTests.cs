using Pyro.Vmm.Disks;

namespace Pyro.Vmm.Tests.Disks;

public sealed class AllocationBitmapTests
{
    [Fact]
    public void Runs_and_bits_agree_with_a_list_of_booleans()
    {
        const int Clusters = 700;
        Random random = new(3);
        AllocationBitmap bitmap = new(Clusters);
        bool[] model = new bool[Clusters];
        for (int i = 0; i < 4000; i++)
        {
            if (i % 500 == 0)
            {
                bitmap = new AllocationBitmap(Clusters);
                model = new bool[Clusters];
            }

            int first = random.Next(Clusters);
            int last = Math.Min(Clusters - 1, first + random.Next(random.Next(2) == 0 ? 4 : 200));
            if (random.Next(4) == 0)
            {
                bitmap.Set((ulong)first, (ulong)last);
                model.AsSpan(first, last - first + 1).Fill(true);
            }

            int expected = first;
            while (expected <= last && model[expected] == model[first])
                expected++;
            Assert.Equal((ulong)(expected - first), bitmap.RunLength((ulong)first, (ulong)last, out bool set));
            Assert.Equal(model[first], set);
            Assert.Equal(model[last], bitmap.IsSet((ulong)last));
        }
    }

    [Fact]
    public void Only_pages_that_changed_are_saved_and_they_load_again()
    {
        const ulong PerPage = 4096 * 8;
        const ulong Clusters = 3 * PerPage;
        using DiskFile file = new(TestDisk.NewFile(4 * 4096), "bitmap");
        file.Write(4096, TestDisk.RandomBytes(new Random(1), 3 * 4096));
        byte[] before = new byte[4096];
        file.Read(4096, before);

        AllocationBitmap bitmap = new(Clusters);
        Assert.False(bitmap.IsDirty);
        bitmap.Set(PerPage + 5, Clusters - 1);
        Assert.True(bitmap.IsDirty);
        bitmap.Save(file, 4096);
        Assert.False(bitmap.IsDirty);
        bitmap.Set(Clusters - 7, Clusters - 1);
        Assert.False(bitmap.IsDirty);

        byte[] after = new byte[4096];
        file.Read(4096, after);
        Assert.Equal(before, after);
        file.Write(4096, new byte[4096]);
        AllocationBitmap loaded = new(Clusters);
        loaded.Load(file, 4096);
        Assert.Equal(PerPage + 5, loaded.RunLength(0, Clusters - 1, out bool set));
        Assert.False(set);
        Assert.Equal(Clusters - PerPage - 5, loaded.RunLength(PerPage + 5, Clusters - 1, out set));
        Assert.True(set);
    }
}
