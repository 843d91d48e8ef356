using Pyro.Vmm.Boot;

namespace Pyro.Vmm.Processes;

/// <summary>
/// Everything a VMM process is told about its machine. Files arrive as open descriptors beside it; here they are
/// named by their index among those, so that the process opens nothing by itself.
/// </summary>
public sealed record MachineConfig
{
    /// <summary>The machine's id, for messages.</summary>
    public required string MachineId { get; init; }

    /// <summary>1 to 32.</summary>
    public required int VcpuCount { get; init; }

    /// <summary>Guest memory in MiB.</summary>
    public required int MemMib { get; init; }

    /// <summary>The open <c>/dev/kvm</c>.</summary>
    public required int KvmDescriptor { get; init; }

    /// <summary>The kernel, an ELF <c>vmlinux</c>; null for a machine that goes on from a snapshot.</summary>
    public int? KernelDescriptor { get; init; }

    /// <summary>The kernel file's name, for messages.</summary>
    public string KernelName { get; init; } = "";

    /// <summary>The initramfs, or null.</summary>
    public int? InitramfsDescriptor { get; init; }

    /// <summary>How the kernel is entered.</summary>
    public BootProtocol BootProtocol { get; init; }

    /// <summary>A snapshot to go on from instead of booting the kernel, or null.</summary>
    public SnapshotFiles? Restore { get; init; }

    /// <summary>
    /// Whether <see cref="VmmCommand.NoteWorkingSet"/> will be asked for: the working set of <see cref="Restore"/> is an empty
    /// file then.
    /// </summary>
    public bool NotesWorkingSet { get; init; }

    /// <summary>Empty files that <see cref="VmmCommand.Save"/> fills, or null if nobody will ask.</summary>
    public SnapshotFiles? Save { get; init; }

    /// <summary>
    /// What the machine is made of and its snapshots depend on, a line each, as <c>kernel: ...</c>. A snapshot with another
    /// line of the same kind is refused.
    /// </summary>
    public IReadOnlyList<string> Parts { get; init; } = [];

    /// <summary>Words that follow Pyro's own on the kernel command line.</summary>
    public string CommandLine { get; init; } = "";

    /// <summary>Block devices in the order in which the guest names them: vda, vdb, ...</summary>
    public IReadOnlyList<DiskConfig> Disks { get; init; } = [];

    /// <summary>The vsock device, or null for none.</summary>
    public VsockConfig? Vsock { get; init; }

    /// <summary>Whether the machine has a virtio-rng device.</summary>
    public bool Rng { get; init; } = true;

    /// <summary>Whether the machine has a virtio-balloon device, by which an idle guest gives memory back to the host.</summary>
    public bool Balloon { get; init; } = true;

    /// <summary>The machine's folder for sockets and logs; removed when the machine ends, unless <see cref="KeepRuntimeFolder"/>.</summary>
    public string? RuntimeFolder { get; init; }

    /// <summary>Leave <see cref="RuntimeFolder"/> in place at the end.</summary>
    public bool KeepRuntimeFolder { get; init; }

    /// <summary>Whether the machine goes on when the process that started it ends. If not, both end together.</summary>
    public bool Detached { get; init; }

    /// <summary>A listening Unix socket on which other processes talk to the machine's as <see cref="AttachedVmm"/> does, or null.</summary>
    public int? ControlListenDescriptor { get; init; }

    /// <summary>A file that holds how the machine ended, as JSON, once it has; or null. A process that is killed writes nothing.</summary>
    public int? ExitDescriptor { get; init; }

    /// <summary>When the machine ends by itself, in Unix milliseconds, or null.</summary>
    public long? ExpiresAtMs { get; init; }

    /// <summary>Where the serial console is kept, or null for memory only.</summary>
    public int? ConsoleDescriptor { get; init; }

    /// <summary>The VMM's log, or null for none.</summary>
    public int? LogDescriptor { get; init; }
}

/// <summary>One block device.</summary>
public sealed record DiskConfig
{
    /// <summary>What the disk is, for messages: a path or a reference.</summary>
    public required string Name { get; init; }

    /// <summary>The raw image.</summary>
    public required int BaseDescriptor { get; init; }

    /// <summary>Frozen layers over the image, lowest first.</summary>
    public IReadOnlyList<int> LayerDescriptors { get; init; } = [];

    /// <summary>A file for a copy-on-write layer, empty or with the layer that it holds already; null to use the image itself.</summary>
    public int? OverlayDescriptor { get; init; }

    /// <summary>Whether what the guest flushes to the layer survives the end of the process and a loss of power.</summary>
    public bool Durable { get; init; }

    /// <summary>Whether the guest sees a read-only disk.</summary>
    public bool ReadOnly { get; init; }
}

/// <summary>The files of a snapshot.</summary>
/// <param name="StateDescriptor">Processors, interrupt controllers and devices.</param>
/// <param name="MemoryDescriptor">The guest's memory.</param>
/// <param name="Name">What the snapshot is called in messages.</param>
/// <param name="WorkingSetDescriptor">Which pages a machine writes to first, or null.</param>
public sealed record SnapshotFiles(int StateDescriptor, int MemoryDescriptor, string Name, int? WorkingSetDescriptor = null);

/// <summary>The vsock device.</summary>
public sealed record VsockConfig
{
    /// <summary>The guest's context id, 3 or more.</summary>
    public ulong GuestCid { get; init; } = 3;

    /// <summary>The listening Unix socket that host programs connect to.</summary>
    public required int ListenDescriptor { get; init; }

    /// <summary>That socket's path; a connection from the guest to host port N goes to this path with <c>_N</c> behind it.</summary>
    public required string Path { get; init; }
}
