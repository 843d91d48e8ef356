using Microsoft.Win32.SafeHandles;
using Pyro.Vmm.Disks;
using Pyro.Vmm.Processes;
using Pyro.Vmm.Tests.Disks;
using Pyro.Vmm.Tests.Snapshots;
using static Pyro.Vmm.Tests.TinyGuest;

namespace Pyro.Vmm.Tests.Processes;

/// <summary>
/// What a machine leaves that is killed while its live snapshot is taken: a layer that may not be frozen yet, and a state
/// file that may have nothing in it.
/// </summary>
public sealed class IncompleteSnapshotTests : IDisposable
{
    private const int DiskLength = 1 << 20;

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("pyro-incomplete-").FullName;
    private readonly List<SafeFileHandle> _files = [];

    public void Dispose()
    {
        foreach (SafeFileHandle file in _files)
            file.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_snapshot_without_a_state_is_refused_by_its_name_even_where_its_layer_is_not_frozen()
    {
        VmmException error = await RefusedAsync(Keep(TestDisk.NewFile()), Keep(TestDisk.NewFile()));
        Assert.Equal("snapshot_failed", error.Code);
        Assert.StartsWith("killed: not a snapshot", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_layer_that_is_not_frozen_is_refused_by_its_name()
    {
        var saved = new SavedMachine(Path.Combine(_folder, "saved"));
        await File.WriteAllBytesAsync(saved.Disk, new byte[DiskLength]);
        await using (VmmProcess machine = saved.Boot(Spin))
        {
            await machine.Started.WaitAsync(s_limit);
            Assert.Null((await machine.SaveAsync().WaitAsync(s_limit)).Error);
        }

        VmmException error = await RefusedAsync(Keep(File.OpenHandle(saved.State)), Keep(File.OpenHandle(saved.Memory)));
        Assert.Equal("disk_failed", error.Code);
        Assert.Contains("disk (frozen layer)", error.Message, StringComparison.Ordinal);
        Assert.Contains("not frozen", error.Message, StringComparison.Ordinal);
    }

    private async Task<VmmException> RefusedAsync(SafeFileHandle state, SafeFileHandle memory)
    {
        SafeFileHandle disk = Keep(TestDisk.NewFile(DiskLength)), layer = Keep(TestDisk.NewFile());
        OverlayDisk.Create(TestDisk.Reopen(layer), "layer", new RawDisk(TestDisk.Reopen(disk), "disk", readOnly: true), DiskDurability.ThrowAway).Dispose();
        SafeFileHandle kvm = Keep(File.OpenHandle("/dev/kvm", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite));
        await using VmmProcess machine = VmmProcess.Launch(
            VmmProcessTests.Executable,
            new MachineConfig
            {
                MachineId = "test",
                VcpuCount = 1,
                MemMib = SavedMachine.MemMib,
                KvmDescriptor = 0,
                Disks = [new DiskConfig { Name = "disk", BaseDescriptor = 1, LayerDescriptors = [2], OverlayDescriptor = 3 }],
                Rng = false,
                Restore = new SnapshotFiles(4, 5, "killed"),
            },
            [kvm, disk, layer, Keep(TestDisk.NewFile()), state, memory]);
        return await Assert.ThrowsAsync<VmmException>(() => machine.Started.WaitAsync(s_limit));
    }

    private SafeFileHandle Keep(SafeFileHandle file)
    {
        _files.Add(file);
        return file;
    }
}
