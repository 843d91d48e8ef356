using Iced.Intel;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Vmm.Processes;
using Pyro.Vmm.Tests.Boot;
using Pyro.Vmm.Tests.Processes;
using static Pyro.Vmm.Tests.TinyGuest;

namespace Pyro.Vmm.Tests.Snapshots;

/// <summary>
/// A snapshot of a tiny guest with a disk, as files of one name: state, memory, and the disk as it was then. Its machines
/// are VMM processes of their own, each with its own disk.
/// </summary>
internal sealed record SavedMachine(string Path)
{
    internal const int MemMib = 32;

    internal string State => Path + ".state";

    internal string Memory => Path + ".memory";

    internal string Disk => Path + ".disk";

    /// <summary>Boots a kernel on a disk that is there, to be saved as this.</summary>
    internal VmmProcess Boot(Action<Assembler> code)
    {
        using FileStream kernel = TinyElf.Open(TinyElf.Build(Assemble(64, code)));
        using var files = new Files(kernel.SafeFileHandle, Disk);
        return files.Launch(config => config with { Save = files.Create(this) });
    }

    /// <summary>Restores this on a copy of its disk, to be saved as another.</summary>
    internal VmmProcess Restore(SavedMachine next)
    {
        File.Copy(Disk, next.Disk);
        return RestoreOn(next, static config => config);
    }

    /// <summary>Restores this on the disk of the other that it is to be saved as.</summary>
    internal VmmProcess RestoreOn(SavedMachine next, Func<MachineConfig, MachineConfig> change)
    {
        using SafeFileHandle nothing = File.OpenHandle("/dev/null");
        using var files = new Files(nothing, next.Disk);
        return files.Launch(config => change(config with
        {
            Restore = new SnapshotFiles(files.Add(File.OpenHandle(State)), files.Add(File.OpenHandle(Memory)), System.IO.Path.GetFileName(Path)),
            Save = files.Create(next),
        }));
    }

    internal void Delete()
    {
        File.Delete(State);
        File.Delete(Memory);
        File.Delete(Disk);
    }

    /// <summary>The descriptors that a VMM process is given.</summary>
    private sealed class Files : IDisposable
    {
        private readonly List<SafeFileHandle> _own = [];
        private readonly SafeFileHandle _kernel;

        internal Files(SafeFileHandle kernel, string disk)
        {
            _kernel = kernel;
            _own.Add(File.OpenHandle("/dev/kvm", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite));
            _own.Add(File.OpenHandle(disk, FileMode.Open, FileAccess.ReadWrite));
        }

        public void Dispose() => _own.ForEach(f => f.Dispose());

        internal int Add(SafeFileHandle file)
        {
            _own.Add(file);
            return _own.Count;
        }

        internal SnapshotFiles Create(SavedMachine machine) => new(Add(Empty(machine.State)), Add(Empty(machine.Memory)), "next");

        internal VmmProcess Launch(Func<MachineConfig, MachineConfig> change)
        {
            MachineConfig config = change(new MachineConfig
            {
                MachineId = "test",
                VcpuCount = 1,
                MemMib = MemMib,
                KernelDescriptor = 0,
                KernelName = "tiny",
                KvmDescriptor = 1,
                Disks = [new DiskConfig { Name = "disk", BaseDescriptor = 2 }],
                Rng = false,
            });
            return VmmProcess.Launch(VmmProcessTests.Executable, config, [_kernel, .. _own]);
        }

        private static SafeFileHandle Empty(string path) => File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite);
    }
}
