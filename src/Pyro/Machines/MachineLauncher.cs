using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using Pyro.Files;
using Pyro.Vmm.Processes;
using Pyro.Warm;

namespace Pyro.Machines;

/// <summary>Starts the process of one machine and gives it its files.</summary>
internal sealed class MachineLauncher(MachineOptions options, MachineParts parts, PyroPaths paths)
{
    /// <summary>The open <c>/dev/kvm</c>.</summary>
    internal required SafeFileHandle Kvm { get; init; }

    /// <summary>A snapshot to go on from, or null to boot.</summary>
    internal WarmSnapshot? Restore { get; init; }

    /// <summary>Whether the machine is to fill the snapshot's working set instead of beginning with it.</summary>
    internal bool NotesWorkingSet { get; init; }

    /// <summary>Empty files for a snapshot of the machine, or null.</summary>
    internal WarmSnapshot? Save { get; init; }

    /// <summary>Starts it.</summary>
    /// <param name="start">When the machine was asked for.</param>
    /// <param name="progress">Told of it, or null.</param>
    /// <exception cref="PyroException">It cannot be started here.</exception>
    internal Machine Launch(long start, IProgress<RunPhase>? progress)
    {
        using var files = new DescriptorList();
        MachineConfig config = Describe(files);

        RuntimeFolder folder = RuntimeFolder.Create(paths.Runtime);
        MachineSockets? sockets = null;
        try
        {
            progress?.Report(new RunPhase(RunPhase.Spawn, Stopwatch.GetElapsedTime(start),
            [
                new("machine", folder.Id),
                new("environment", options.Environment),
                new("vcpu_count", $"{options.VcpuCount}"),
                new("mem_mib", $"{options.MemMib}"),
            ]));
            sockets = new MachineSockets(folder.Path);
            config = config with
            {
                MachineId = folder.Id,
                RuntimeFolder = folder.Path,
                Vsock = new VsockConfig { ListenDescriptor = files.Lend(sockets.VsockDescriptor), Path = sockets.Path },
                ConsoleDescriptor = files.Give(PrivateFile.Create(Path.Combine(folder.Path, Machine.ConsoleLog))),
                LogDescriptor = files.Give(PrivateFile.Create(Path.Combine(folder.Path, "vmm.log"))),
            };
            return new Machine(folder, sockets, VmmProcess.Launch(parts.Executable, config, files.Handles));
        }
        catch (Exception e)
        {
            sockets?.Dispose();
            folder.Dispose();
            if (e is PyroException)
                throw;
            throw new PyroException(ErrorCodes.BootFailed, $"the machine's process cannot be started: {e.Message}", "Run: pyro doctor", e);
        }
    }

    private MachineConfig Describe(DescriptorList files)
    {
        var config = new MachineConfig
        {
            MachineId = "",
            VcpuCount = options.VcpuCount,
            MemMib = options.MemMib,
            KvmDescriptor = files.Lend(Kvm),
            Parts = parts.Identity,
            Disks =
            [
                new DiskConfig
                {
                    Name = options.Environment,
                    BaseDescriptor = files.Give(parts.OpenRootDisk()),
                    LayerDescriptors = Restore is null ? [] : [files.Lend(Restore.Layer)],
                    OverlayDescriptor = Save is null ? files.Give(ScratchFile.Create(paths.Scratch)) : files.Lend(Save.Layer),
                },
            ],
            Save = Save is null ? null : new SnapshotFiles(files.Lend(Save.State), files.Lend(Save.Memory), Save.Name),
        };
        return Restore is not null
            ? config with { Restore = new SnapshotFiles(files.Lend(Restore.State), files.Lend(Restore.Memory), Restore.Name, files.Lend(Restore.WorkingSet)), NotesWorkingSet = NotesWorkingSet }
            : config with
            {
                KernelDescriptor = files.Give(parts.OpenKernel(paths)),
                KernelName = parts.Kernel,
                BootProtocol = parts.Protocol,
                InitramfsDescriptor = files.Give(parts.OpenInitramfs(paths)),
                CommandLine = CommandLine(),
            };
    }

    // The guest has no clock of its own at boot; the agent sets it to this.
    // A disk that is thrown away needs no journal to survive a crash.
    private string CommandLine() =>
        $"pyro.root=/dev/vda pyro.rootflags=noload pyro.hostname={GuestName(options.Environment)} pyro.machine_id={NewIdentity.MachineId()} pyro.time={NewIdentity.Now()}";

    // Letters, digits and dashes only: the name goes onto the kernel's command line.
    private static string GuestName(string environment)
    {
        ReadOnlySpan<char> name = environment.AsSpan(environment.LastIndexOf('/') + 1);
        Span<char> safe = stackalloc char[Math.Min(name.Length, 63)];
        for (int i = 0; i < safe.Length; i++)
            safe[i] = char.IsAsciiLetterOrDigit(name[i]) ? name[i] : '-';
        return new string(safe.Trim('-')) is { Length: > 0 } result ? result : "pyro";
    }
}
