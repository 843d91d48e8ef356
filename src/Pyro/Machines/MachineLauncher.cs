using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using Pyro.Files;
using Pyro.Vmm.Processes;
using Pyro.Warm;

namespace Pyro.Machines;

/// <summary>Starts the process of one machine and gives it its files.</summary>
internal sealed class MachineLauncher(MachineSpec spec)
{
    /// <summary>The open <c>/dev/kvm</c>.</summary>
    internal required SafeFileHandle Kvm { get; init; }

    /// <summary>A snapshot to go on from, or null to boot.</summary>
    internal MachineSnapshot? Restore { get; init; }

    /// <summary>Whether the machine is to fill the snapshot's working set instead of beginning with it.</summary>
    internal bool NotesWorkingSet { get; init; }

    /// <summary>Empty files for a snapshot of the machine, or null.</summary>
    internal WarmSnapshot? Save { get; init; }

    /// <summary>What outlives the machine, or null for one that is thrown away.</summary>
    internal KeptMachine? Kept { get; init; }

    /// <summary>Starts it.</summary>
    /// <param name="start">When the machine was asked for.</param>
    /// <param name="progress">Told of it, or null.</param>
    /// <exception cref="PyroException">It cannot be started here.</exception>
    internal Machine Launch(long start, IProgress<RunPhase>? progress)
    {
        MachineOptions options = spec.Options;
        using var files = new DescriptorList();
        MachineDisk disk = Kept?.Disk ?? OpenDisk();
        RuntimeFolder? folder = null;
        MachineSockets? sockets = null;
        try
        {
            MachineConfig config = Describe(files, disk);
            folder = RuntimeFolder.Create(spec.Paths.Runtime);
            progress?.Report(new RunPhase(RunPhase.Spawn, Stopwatch.GetElapsedTime(start),
            [
                new("machine", folder.Id),
                new("environment", options.Environment),
                new("vcpu_count", $"{options.VcpuCount}"),
                new("mem_mib", $"{options.MemMib}"),
            ]));
            sockets = new MachineSockets(folder.Path, withControl: Kept is not null);
            config = config with
            {
                MachineId = folder.Id,
                RuntimeFolder = folder.Path,
                Vsock = new VsockConfig { ListenDescriptor = files.Lend(sockets.VsockDescriptor), Path = sockets.Path },
                ConsoleDescriptor = config.ConsoleDescriptor ?? files.Give(PrivateFile.Create(Path.Combine(folder.Path, Machine.ConsoleLog))),
                LogDescriptor = config.LogDescriptor ?? files.Give(PrivateFile.Create(Path.Combine(folder.Path, "vmm.log"))),
                ControlListenDescriptor = sockets.ControlDescriptor is { } control ? files.Lend(control) : null,
            };
            // Where the machine goes on without this process, its own keeps others from removing the folder.
            if (Kept is not null)
                files.Lend(folder.Held);
            return new Machine(spec, disk, folder, sockets, VmmProcess.Launch(spec.Parts.Executable, config, files.Handles));
        }
        catch (Exception e)
        {
            sockets?.Dispose();
            folder?.Dispose();
            disk.Dispose();
            if (e is PyroException)
                throw;
            throw new PyroException(ErrorCodes.BootFailed, $"the machine's process cannot be started: {e.Message}", "Run: pyro doctor", e);
        }
    }

    private MachineDisk OpenDisk()
    {
        SafeFileHandle top = Save is null ? ScratchFile.Create(spec.Paths.Scratch) : SameFile.Writable(Save.Layer);
        try
        {
            return Restore?.OpenDisk(top) ?? new MachineDisk(spec.Parts.OpenRootDisk(), [], top);
        }
        catch
        {
            top.Dispose();
            throw;
        }
    }

    private MachineConfig Describe(DescriptorList files, MachineDisk disk)
    {
        var config = new MachineConfig
        {
            MachineId = "",
            VcpuCount = spec.Options.VcpuCount,
            MemMib = spec.Options.MemMib,
            KvmDescriptor = files.Lend(Kvm),
            Parts = spec.Parts.Identity,
            Disks =
            [
                new DiskConfig
                {
                    Name = spec.Options.Environment,
                    BaseDescriptor = files.Lend(disk.Image),
                    LayerDescriptors = Array.ConvertAll([.. disk.Layers], files.Lend),
                    OverlayDescriptor = files.Lend(disk.Top),
                },
            ],
            Save = Save is null ? null : new SnapshotFiles(files.Lend(Save.State), files.Lend(Save.Memory), Save.Name),
        };
        if (spec.Options.ForWorkspace)
            config = Kept?.AddTo(config, files) ?? config with { Disks = [.. config.Disks, ImageAlone(config.Disks[0])] };
        return Restore is not null
            ? config with { Restore = new SnapshotFiles(files.Lend(Restore.State), files.Lend(Restore.Memory), Restore.Name, Restore.WorkingSet is null ? null : files.Lend(Restore.WorkingSet)), NotesWorkingSet = NotesWorkingSet }
            : config with
            {
                KernelDescriptor = files.Give(spec.Parts.OpenKernel(spec.Paths)),
                KernelName = spec.Parts.Kernel,
                BootProtocol = spec.Parts.Protocol,
                InitramfsDescriptor = files.Give(spec.Parts.OpenInitramfs(spec.Paths)),
                CommandLine = CommandLine(),
            };
    }

    private static DiskConfig ImageAlone(DiskConfig root) => root with { LayerDescriptors = [], OverlayDescriptor = null, ReadOnly = true };

    // The guest has no clock of its own at boot; the agent sets it to this.
    // A disk that is thrown away needs no journal to survive a crash.
    private string CommandLine() => string.Concat(
        "pyro.root=/dev/vda",
        spec.Options.ForWorkspace ? "" : " pyro.rootflags=noload",
        $" pyro.hostname={Kept?.HostName ?? NewIdentity.HostName(spec.Options.Environment)}",
        $" pyro.machine_id={Kept?.MachineId ?? NewIdentity.MachineId()} pyro.time={NewIdentity.Now()}");
}
