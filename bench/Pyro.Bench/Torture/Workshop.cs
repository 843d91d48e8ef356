using Microsoft.Win32.SafeHandles;
using Pyro.Machines;
using Pyro.Vmm.Processes;
using Pyro.Warm;

namespace Pyro.Bench.Torture;

/// <summary>The folder of a torture run, and what its machines are made of.</summary>
internal sealed class Workshop : IDisposable
{
    private const int MemMib = 192;

    private static readonly MachineOptions s_options = new() { Environment = Files.Environment, MemMib = MemMib };

    private readonly string _folder = Directory.CreateTempSubdirectory("pyro-torture-").FullName;
    private readonly SafeFileHandle _kvm = File.OpenHandle("/dev/kvm", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
    private readonly MachineParts _parts;
    private int _names;

    private Workshop(MachineParts parts, Snapshot warm)
    {
        _parts = parts;
        Warm = warm;
    }

    /// <summary>The environment's warm snapshot, which no run changes.</summary>
    internal Snapshot Warm { get; }

    /// <summary>Makes the warm snapshot if it is not there.</summary>
    internal static async Task<Workshop> OpenAsync()
    {
        var client = new PyroClient();
        string folder = (await client.PrepareEnvironmentAsync(s_options)).Snapshot;
        string layer = Path.Combine(folder, WarmSnapshot.LayerFile);
        var warm = new Snapshot("warm", Path.Combine(folder, WarmSnapshot.StateFile), Path.Combine(folder, WarmSnapshot.MemoryFile), [layer]);
        return new Workshop(MachineParts.Find(s_options, client.Paths), warm);
    }

    /// <summary>A name in the folder that nothing had before.</summary>
    internal string NewPath() => Path.Combine(_folder, $"{++_names}");

    /// <summary>Makes an empty file.</summary>
    internal static SafeFileHandle Create(string path) => File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite);

    /// <summary>What a machine that goes on from a snapshot is told.</summary>
    /// <param name="from">The snapshot.</param>
    /// <param name="paused">Empty files for what a paused save of the machine writes.</param>
    /// <param name="overlay">An empty file for what it writes to its disk.</param>
    /// <param name="sockets">Its vsock's.</param>
    internal VmmProcess Launch(Snapshot from, Snapshot paused, string overlay, MachineSockets sockets)
    {
        using var files = new DescriptorList();
        var config = new MachineConfig
        {
            MachineId = paused.Name,
            VcpuCount = s_options.VcpuCount,
            MemMib = MemMib,
            KvmDescriptor = files.Lend(_kvm),
            Parts = _parts.Identity,
            Disks =
            [
                new DiskConfig
                {
                    Name = Files.Environment,
                    BaseDescriptor = files.Give(_parts.OpenRootDisk()),
                    LayerDescriptors = [.. from.Layers.Select(layer => files.Give(File.OpenHandle(layer)))],
                    OverlayDescriptor = files.Give(Create(overlay)),
                },
            ],
            Restore = new SnapshotFiles(files.Give(File.OpenHandle(from.State)), files.Give(File.OpenHandle(from.Memory)), from.Name),
            Save = new SnapshotFiles(files.Give(Create(paused.State)), files.Give(Create(paused.Memory)), paused.Name),
            Vsock = new VsockConfig { ListenDescriptor = files.Lend(sockets.VsockDescriptor), Path = sockets.Path },
        };
        return VmmProcess.Launch(_parts.Executable, config, files.Handles);
    }

    /// <summary>Removes all files but those of some snapshots and machines.</summary>
    internal void Sweep(IEnumerable<string> kept)
    {
        foreach (string file in Directory.EnumerateFiles(_folder).Except(kept))
            File.Delete(file);
    }

    public void Dispose()
    {
        _kvm.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
