using Iced.Intel;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Kvm.Native;
using Pyro.Vmm.Boot;
using Pyro.Vmm.Devices;
using Pyro.Vmm.Disks;
using Pyro.Vmm.Memory;
using Pyro.Vmm.Snapshots;
using Pyro.Vmm.Tests.Boot;
using Pyro.Vmm.Tests.Disks;
using Pyro.Vmm.Virtio;
using Pyro.Vmm.Virtio.Block;
using static Iced.Intel.AssemblerRegisters;
using static Pyro.Vmm.Tests.TinyGuest;

namespace Pyro.Vmm.Tests.Snapshots;

/// <summary>
/// Snapshots of a running machine that writes to its disk: the guest is a driver of a few instructions that writes
/// 1, 2, 3, ... to one sector after the other, round over 64 of them, and notes in memory what it was told is done.
/// </summary>
[Collection(AloneCollection.Name)]
public sealed class LiveDiskTests : IDisposable
{
    private const ulong MemoryBytes = 64 << 20;
    private const int DiskLength = 1 << 20;
    private const int Sectors = 64;
    private const int Registers = unchecked((int)0xd0000000);
    private const int Done = 0x300000;
    private const int Descriptors = 0x400000, Available = 0x401000, Used = 0x402000, Header = 0x403000, Data = 0x404000, Status = 0x405000;

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(20);

    private readonly KvmSystem _kvm = KvmSystem.Open();
    private readonly List<SafeFileHandle> _files = [];

    public void Dispose()
    {
        _kvm.Dispose();
        foreach (SafeFileHandle file in _files)
            file.Dispose();
    }

    [Fact]
    public async Task What_the_guest_was_told_is_done_is_on_the_childs_disk_and_nothing_later_is()
    {
        List<SafeFileHandle> layers = [NewFile()];
        using Machine source = NewMachine(NewDisk(layers[0]), restore: false);
        Load(source);
        source.Start();
        for (int i = 0; i < 3; i++)
        {
            await UntilAsync(source, DoneBy(source) + 100);
            SafeFileHandle memory = NewFile(), next = NewFile();
            LiveSnapshot snapshot = await Task.Run(() => source.SaveLive(_kvm, [], memory, [TestDisk.Reopen(next)]));
            await UntilAsync(source, DoneBy(source) + 100);

            SafeFileHandle own = NewFile();
            using Machine child = NewMachine(OverlayDisk.Create(TestDisk.Reopen(own), "child", Frozen(layers), DiskDurability.ThrowAway), restore: true);
            child.Restore(snapshot.State, "live", memory);
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
        using Machine source = NewMachine(NewDisk(NewFile()), restore: false);
        Load(source);
        source.Start();
        await UntilAsync(source, 10);
        DiskException error = await Assert.ThrowsAsync<DiskException>(() => Task.Run(() => source.SaveLive(_kvm, [], NewFile(), [TestDisk.NewFile(512)])));
        Assert.Contains("not empty", error.Message, StringComparison.Ordinal);
        await UntilAsync(source, DoneBy(source) + 100);
    }

    [Fact]
    public async Task A_disk_that_is_written_to_in_place_is_refused_by_name_before_anything_happens()
    {
        using Machine source = NewMachine(new RawDisk(TestDisk.NewFile(DiskLength), "raw.img", readOnly: false), restore: false);
        Load(source);
        source.Start();
        await UntilAsync(source, 10);
        DiskException error = await Assert.ThrowsAsync<DiskException>(() => Task.Run(() => source.SaveLive(_kvm, [], NewFile(), [NewFile()])));
        Assert.Contains("raw.img", error.Message, StringComparison.Ordinal);
        await UntilAsync(source, DoneBy(source) + 100);
    }

    private SafeFileHandle NewFile()
    {
        SafeFileHandle file = TestDisk.NewFile();
        _files.Add(file);
        return file;
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

    private Machine NewMachine(IDiskBackend disk, bool restore) => new(_kvm, new MachineOptions
    {
        Console = new ConsoleLog(null),
        MemoryBytes = MemoryBytes,
        Devices = [new BlockDevice(disk, "disk")],
        WillRestore = restore,
    });

    private static void Load(Machine machine)
    {
        using FileStream kernel = TinyElf.Open(TinyElf.Build(Assemble(64, Drive)));
        machine.LoadKernel(kernel.SafeFileHandle, "tiny", null, "", BootProtocol.Linux64);
        Put(Header, (uint)Uapi.VIRTIO_BLK_T_OUT);
        Describe(0, Header, 16, flags: 1, next: 1);
        Describe(1, Data, 512, flags: 1, next: 2);
        Describe(2, Status, 1, flags: 2, next: 0);

        void Put<T>(int address, T value)
            where T : unmanaged => Assert.True(machine.Memory.TryWrite(new GuestAddress((ulong)address), value));

        void Describe(int index, int address, uint length, ushort flags, ushort next)
        {
            Put(Descriptors + (index * 16), (ulong)address);
            Put(Descriptors + (index * 16) + 8, length);
            Put(Descriptors + (index * 16) + 12, flags);
            Put(Descriptors + (index * 16) + 14, next);
        }
    }

    private static void Drive(Assembler a)
    {
        // A page directory for the fourth GiB, with the 2 MiB that the registers are in.
        a.mov(__qword_ptr[0xc000 + (128 * 8)], Registers | 0x83);
        a.mov(__dword_ptr[0xc000 + (128 * 8) + 4], 0);
        a.mov(__qword_ptr[0xa000 + (3 * 8)], 0xc003);
        a.mov(ebx, Registers);
        Set(Uapi.VIRTIO_MMIO_STATUS, 1);
        Set(Uapi.VIRTIO_MMIO_STATUS, 3);
        Set(Uapi.VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
        Set(Uapi.VIRTIO_MMIO_DRIVER_FEATURES, (int)(VirtioFeatures.VIRTIO_F_VERSION_1 >> 32));
        Set(Uapi.VIRTIO_MMIO_STATUS, 0xb);
        Set(Uapi.VIRTIO_MMIO_QUEUE_SEL, 0);
        Set(Uapi.VIRTIO_MMIO_QUEUE_NUM, 8);
        Set(Uapi.VIRTIO_MMIO_QUEUE_DESC_LOW, Descriptors);
        Set(Uapi.VIRTIO_MMIO_QUEUE_AVAIL_LOW, Available);
        Set(Uapi.VIRTIO_MMIO_QUEUE_USED_LOW, Used);
        Set(Uapi.VIRTIO_MMIO_QUEUE_READY, 1);
        Set(Uapi.VIRTIO_MMIO_STATUS, 0xf);

        Label next = a.CreateLabel(), wait = a.CreateLabel(), failed = a.CreateLabel();
        a.mov(eax, 0);
        a.Label(ref next);
        a.inc(rax);
        a.mov(__qword_ptr[Data], rax);
        a.mov(ecx, eax);
        a.and(ecx, Sectors - 1);
        a.mov(__dword_ptr[Header + 8], ecx);
        a.mov(__byte_ptr[Status], 0xff);
        a.mov(__word_ptr[Available + 2], ax);
        a.mov(__dword_ptr[rbx + Uapi.VIRTIO_MMIO_QUEUE_NOTIFY], 0);
        a.Label(ref wait);
        a.cmp(__word_ptr[Used + 2], ax);
        a.jne(wait);
        a.cmp(__byte_ptr[Status], 0);
        a.jne(failed);
        a.mov(__qword_ptr[Done], rax);
        a.jmp(next);
        a.Label(ref failed);
        PowerOff(a);

        void Set(int register, int value) => a.mov(__dword_ptr[rbx + register], value);
    }

    private static long DoneBy(Machine machine)
    {
        Assert.True(machine.Memory.TryRead(new GuestAddress(Done), out long done));
        return done;
    }

    private static async Task UntilAsync(Machine machine, long done) =>
        Assert.True(
            await Task.Run(() => SpinWait.SpinUntil(() => DoneBy(machine) >= done || machine.Exited.IsCompleted, s_limit)) && !machine.Exited.IsCompleted,
            $"the machine stays at {DoneBy(machine)}: {(machine.Exited.IsCompleted ? machine.Exited.Result : null)}");
}
