using Iced.Intel;
using Microsoft.Win32.SafeHandles;
using Pyro.Vmm.Disks;
using Pyro.Vmm.Snapshots;
using Pyro.Vmm.Tests.Disks;
using Pyro.Vmm.Virtio.Block;
using static Iced.Intel.AssemblerRegisters;
using static Pyro.Vmm.Tests.TinyGuest;

namespace Pyro.Vmm.Tests.Snapshots;

/// <summary>
/// Snapshots of a running machine that writes to its disk: the guest is a driver of a few instructions that writes
/// 1, 2, 3, ... to one sector after the other, round over 64 of them, and notes in memory what it was told is done.
/// </summary>
[Collection(AloneCollection.Name)]
public sealed class LiveDiskTests : LiveTest
{
    private const ulong MemoryBytes = 64 << 20;
    private const int DiskLength = 1 << 20;
    private const int Sectors = 64;
    private const int Done = 0x305000;

    [Fact]
    public async Task What_the_guest_was_told_is_done_is_on_the_childs_disk_and_nothing_later_is()
    {
        List<SafeFileHandle> layers = [NewFile()];
        using Machine source = Start(NewDisk(layers[0]));
        for (int i = 0; i < 3; i++)
        {
            await UntilAsync(source, DoneBy(source) + 100);
            SafeFileHandle next = NewFile();
            (LiveSnapshot snapshot, SafeFileHandle memory) = await SaveAsync(source, TestDisk.Reopen(next));
            await UntilAsync(source, DoneBy(source) + 100);

            SafeFileHandle own = NewFile();
            OverlayDisk disk = OverlayDisk.Create(TestDisk.Reopen(own), "child", Frozen(layers), DiskDurability.ThrowAway);
            using Machine child = Restored(snapshot, memory, MemoryBytes, new BlockDevice(disk, "disk"));
            long told = DoneBy(child);
            using (IDiskBackend frozen = Frozen(layers))
                AssertHolds(frozen, told);

            // The request that was under way is not lost, and the two go on each on a disk of its own.
            child.Start();
            await UntilAsync(child, told + 100);
            using (IDiskBackend frozen = Frozen(layers))
                AssertHolds(frozen, told);
            layers.Add(next);
        }

        // The source's own disk has all of it through the layers.
        source.Pause();
        source.FreezeDisks();
        long last = DoneBy(source);
        Assert.True(last > 600);
        using IDiskBackend whole = Frozen(layers);
        AssertHolds(whole, last);
    }

    [Fact]
    public async Task A_layer_that_cannot_be_made_costs_the_snapshot_and_not_the_machine()
    {
        using Machine source = Start(NewDisk(NewFile()));
        await UntilAsync(source, 10);
        DiskException error = await Assert.ThrowsAsync<DiskException>(() => SaveAsync(source, TestDisk.NewFile(512)));
        Assert.Contains("not empty", error.Message, StringComparison.Ordinal);
        await UntilAsync(source, DoneBy(source) + 100);
    }

    [Fact]
    public async Task A_disk_that_is_written_to_in_place_is_refused_by_name_before_anything_happens()
    {
        using Machine source = Start(new RawDisk(TestDisk.NewFile(DiskLength), "raw.img", readOnly: false));
        await UntilAsync(source, 10);
        DiskException error = await Assert.ThrowsAsync<DiskException>(() => SaveAsync(source, NewFile()));
        Assert.Contains("raw.img", error.Message, StringComparison.Ordinal);
        await UntilAsync(source, DoneBy(source) + 100);
    }

    private static OverlayDisk NewDisk(SafeFileHandle layer) => OverlayDisk.Create(TestDisk.Reopen(layer), "layer", Base(), DiskDurability.ThrowAway);

    private static RawDisk Base() => TestDisk.ReadOnlyDisk(new byte[DiskLength]);

    private static IDiskBackend Frozen(List<SafeFileHandle> layers)
    {
        IDiskBackend disk = Base();
        foreach (SafeFileHandle layer in layers)
            disk = OverlayDisk.Open(TestDisk.Reopen(layer, writable: false), "frozen", disk, readOnly: true, DiskDurability.ThrowAway);
        return disk;
    }

    // The request after the last that the guest knows of may be done as well.
    private static void AssertHolds(IDiskBackend disk, long told)
    {
        for (int sector = 0; sector < Sectors; sector++)
        {
            long value = BitConverter.ToInt64(disk.Read((ulong)sector * 512, 8));
            long due = told - (((told % Sectors) - sector + Sectors) % Sectors);
            Assert.True(value == due || (value == told + 1 && value % Sectors == sector), $"sector {sector} holds {value}, the guest knows of {told}");
        }
    }

    private Machine Start(IDiskBackend disk)
    {
        Machine machine = NewMachine(MemoryBytes, new BlockDevice(disk, "disk"));
        Load(machine, WriteOn);
        machine.Start();
        return machine;
    }

    private static void WriteOn(Assembler a)
    {
        Label next = a.CreateLabel(), failed = a.CreateLabel();
        DiskGuest.Start(a);
        a.xor(r12d, r12d);
        a.Label(ref next);
        a.inc(r12);
        a.mov(__qword_ptr[DiskGuest.Data], r12);
        a.mov(r8, r12);
        a.and(r8, Sectors - 1);
        DiskGuest.WriteSector(a, failed);
        a.mov(__qword_ptr[Done], r12);
        a.jmp(next);
        a.Label(ref failed);
        PowerOff(a);
    }

    private static long DoneBy(Machine machine) => NumberAt(machine, Done);

    private static Task UntilAsync(Machine machine, long done) => UntilAsync(machine, Done, done);
}
