using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using Pyro.Files;
using Pyro.Hosts;
using Pyro.Interop;
using Pyro.Vmm.Processes;
using Pyro.Warm;

namespace Pyro.Machines;

/// <summary>Starts the process of one machine and gives it its files.</summary>
internal sealed class MachineLauncher(MachineOptions options, MachineParts parts, PyroPaths paths)
{
    /// <summary>A snapshot to go on from, or null to boot.</summary>
    internal WarmSnapshot? Restore { get; init; }

    /// <summary>Empty files for a snapshot of the machine, or null.</summary>
    internal WarmSnapshot? Save { get; init; }

    /// <summary>Starts it.</summary>
    /// <param name="start">When the machine was asked for.</param>
    /// <param name="progress">Told of it, or null.</param>
    /// <exception cref="PyroException">It cannot be started here.</exception>
    internal Machine Launch(long start, IProgress<RunPhase>? progress)
    {
        // Cheap refusals first: nothing is made on a host that cannot run machines.
        using SafeFileHandle kvm = HostKvm.OpenForMachine();
        using var files = new DescriptorList();
        MachineConfig config = Describe(kvm, files);

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
                Vsock = new VsockConfig { ListenDescriptor = files.Add(sockets.VsockDescriptor), Path = sockets.Path },
                ConsoleDescriptor = files.Add(PrivateFile.Create(Path.Combine(folder.Path, Machine.ConsoleLog))),
                LogDescriptor = files.Add(PrivateFile.Create(Path.Combine(folder.Path, "vmm.log"))),
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

    private MachineConfig Describe(SafeFileHandle kvm, DescriptorList files)
    {
        var config = new MachineConfig
        {
            MachineId = "",
            VcpuCount = options.VcpuCount,
            MemMib = options.MemMib,
            KvmDescriptor = files.Add(kvm),
            Parts = parts.Identity,
            Disks =
            [
                new DiskConfig
                {
                    Name = options.Environment,
                    BaseDescriptor = files.Add(parts.OpenRootDisk()),
                    LayerDescriptors = Restore is null ? [] : [files.Add(Restore.Layer)],
                    OverlayDescriptor = files.Add(Save?.Layer ?? ScratchFile.Create(paths.Scratch)),
                },
            ],
            Save = Save is null ? null : new SnapshotFiles(files.Add(Save.State), files.Add(Save.Memory), Save.Name),
        };
        return Restore is not null
            ? config with { Restore = new SnapshotFiles(files.Add(Restore.State), files.Add(Restore.Memory), Restore.Name) }
            : config with
            {
                KernelDescriptor = files.Add(parts.OpenKernel(paths)),
                KernelName = parts.Kernel,
                BootProtocol = parts.Protocol,
                InitramfsDescriptor = files.Add(parts.OpenInitramfs(paths)),
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
