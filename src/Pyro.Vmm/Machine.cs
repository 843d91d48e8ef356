using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Kvm.Native;
using Pyro.Vmm.Boot;
using Pyro.Vmm.Buses;
using Pyro.Vmm.Devices;
using Pyro.Vmm.Disks;
using Pyro.Vmm.Memory;
using Pyro.Vmm.Snapshots;
using Pyro.Vmm.Vcpus;
using Pyro.Vmm.Virtio;
using Pyro.Vmm.Virtio.Block;

namespace Pyro.Vmm;

/// <summary>What a machine is made of.</summary>
public sealed record MachineOptions
{
    /// <summary>1 to 32.</summary>
    public int VcpuCount { get; init; } = 1;

    /// <summary>Guest memory in bytes, whole MiB.</summary>
    public ulong MemoryBytes { get; init; } = 1024UL << 20;

    /// <summary>Where the serial console goes.</summary>
    public required ConsoleLog Console { get; init; }

    /// <summary>Told, a line each, what devices could not do and why they gave up on their driver; null for nobody.</summary>
    public Action<string>? Log { get; init; }

    /// <summary>Whether the machine takes over a saved one's state, by <see cref="Machine.Restore"/>, instead of loading a kernel.</summary>
    public bool WillRestore { get; init; }

    /// <summary>The virtio devices in the order of their addresses and interrupt lines. The machine owns them.</summary>
    public IReadOnlyList<VirtioDevice> Devices { get; init; } = [];
}

/// <summary>
/// One virtual machine: memory, vCPUs, interrupt controllers, buses and devices, put together in the order that is
/// quickest (docs/architecture.md says why) and taken apart in the order that is safe.
/// </summary>
public sealed unsafe class Machine : IDisposable
{
    /// <summary>How many virtio devices there are interrupt lines for.</summary>
    public const int MaxVirtioDevices = (int)(GuestLayout.IoApicPins - GuestLayout.FirstVirtioIrq);

    private const uint IrqchipCount = 3;
    private const int MaxExtents = 1 << 20;
    private const int MaxLayers = 4096;

    private readonly KvmVm _vm;
    private readonly List<Vcpu> _vcpus = [];
    private readonly List<VirtioMmioDevice> _transports = [];
    private MemoryExtent[] _mapped = [];
    private readonly List<IrqLine> _lines = [];
    private readonly RegisterPages _registers = new(MaxVirtioDevices);
    private readonly EventFd _acknowledgements = new();
    private readonly ConsoleLog _console;
    private readonly KvmSystem _system;
    private readonly TaskCompletionSource<MachineExit> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private LayerRecord[] _knownLayers = [];
    private bool _disposed;

    /// <summary>Builds the machine; nothing runs yet.</summary>
    /// <param name="system">The open <c>/dev/kvm</c>; stays the caller's.</param>
    /// <param name="options">What it is made of.</param>
    /// <exception cref="KvmException">KVM refused a part.</exception>
    /// <exception cref="LinuxException">The host has no memory left, or no descriptors.</exception>
    public Machine(KvmSystem system, MachineOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.VcpuCount, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.VcpuCount, MpTable.MaxVcpus);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Devices.Count, MaxVirtioDevices);

        _console = options.Console;
        Memory = GuestMemory.Create(options.MemoryBytes);
        _vm = system.CreateVm();
        _system = system;
        MapMemory(withRegisters: options.Devices.Count > 0 && system.CheckExtension(Uapi.KVM_CAP_READONLY_MEM) > 0);
        CreateInterruptControllers(system);
        Serial = new Serial16550(Line(Serial16550.Irq), _console);
        Ports.Add(Serial16550.Base, Serial16550.Length, Serial);
        Ports.Add(I8042.Base, I8042.Length, new I8042(OnReset));
        Ports.Add(PowerPort.Base, 1, new PowerPort(() => End(new MachineExit(MachineExitReason.Shutdown, "the guest switched itself off"))));
        AddVirtioDevices(options.Devices, options.Log);
        CreateVcpus(system, options);
    }

    /// <summary>Guest-physical memory.</summary>
    public GuestMemory Memory { get; }

    /// <summary>Port I/O.</summary>
    public Bus Ports { get; } = new();

    /// <summary>Accesses to addresses that are not memory.</summary>
    public Bus Mmio { get; } = new();

    /// <summary>COM1.</summary>
    public Serial16550 Serial { get; }

    /// <summary>Completes when the machine has ended by itself or by <see cref="Stop"/>.</summary>
    public Task<MachineExit> Exited => _exited.Task;

    /// <summary>Each vCPU's counters.</summary>
    public IReadOnlyList<ExitCounters> Exits => [.. _vcpus.Select(v => v.Exits)];

    /// <summary>What all of it has done so far.</summary>
    public MachineCounters Counters => new(
        new ExitCounts(_vcpus.Sum(v => v.Exits.Port), _vcpus.Sum(v => v.Exits.Mmio), _vcpus.Sum(v => v.Exits.Interrupted)),
        [.. _transports.Select(t => new DeviceCounts(t.Device.Name, t.Counters.Notifications, t.Counters.Interrupts))]);

    /// <summary>Loads a kernel and puts the first vCPU at its entry.</summary>
    /// <param name="kernel">An ELF <c>vmlinux</c>.</param>
    /// <param name="kernelName">Its name for messages.</param>
    /// <param name="initramfs">An initramfs, or null.</param>
    /// <param name="commandLine">Words behind the VMM's own on the kernel command line.</param>
    /// <param name="protocol">The boot protocol.</param>
    /// <exception cref="BootException">Something does not fit or is damaged.</exception>
    public void LoadKernel(SafeFileHandle kernel, string kernelName, SafeFileHandle? initramfs, string commandLine, BootProtocol protocol)
    {
        string line = KernelCommandLine.Build(_transports.Count, commandLine);
        BootEntry entry = KernelLoader.Load(Memory, kernel, kernelName, initramfs, line, _vcpus.Count, protocol);
        CpuState.Prepare(_vcpus[0].Kvm, Memory, entry);
    }

    /// <summary>
    /// Writes the state of everything but the disks; the machine must be paused. What it wrote to its disks before
    /// belongs to the snapshot too, and is the caller's to keep.
    /// </summary>
    /// <param name="system">The open <c>/dev/kvm</c>.</param>
    /// <param name="description">What the caller wants to find again.</param>
    /// <param name="memory">An empty file for the guest's memory.</param>
    /// <returns>The state file.</returns>
    /// <exception cref="KvmException">KVM does not tell a part.</exception>
    /// <exception cref="IOException">The host's disk is full.</exception>
    public byte[] Save(KvmSystem system, ReadOnlySpan<byte> description, SafeFileHandle memory)
    {
        SnapshotFile file = SaveState(system, description);
        using MemoryImage image = MemoryImage.Begin(Memory, memory, mayBeLive: false);
        AddFiles(file, memory, image.Finish());
        return file.ToBytes();
    }

    /// <summary>
    /// Takes a snapshot of a running machine, which stands still only while the state of its processors and devices is
    /// taken: its memory is written while it goes on, as it was at that moment. Its disks go on in new layers, and what
    /// they were until then is frozen. To be called on a thread that lives until this returns, and by one at a time.
    /// </summary>
    /// <param name="system">The open <c>/dev/kvm</c>.</param>
    /// <param name="description">What the caller wants to find again.</param>
    /// <param name="memory">An empty file for the guest's memory.</param>
    /// <param name="layers">An empty file for each copy-on-write disk, in the disks' order; the machine's from here on.</param>
    /// <param name="wentOn">Called as soon as the machine goes on, snapshot or not, with how many of the new layers it goes on in; null for nobody.</param>
    /// <exception cref="KvmException">KVM does not tell a part.</exception>
    /// <exception cref="DiskException">A disk is written to without a layer, or its layer cannot be made.</exception>
    /// <exception cref="IOException">The host's disk is full.</exception>
    /// <remarks>Whatever fails, the machine goes on.</remarks>
    public LiveSnapshot SaveLive(KvmSystem system, ReadOnlySpan<byte> description, SafeFileHandle memory, IReadOnlyList<SafeFileHandle> layers, Action<int>? wentOn = null)
    {
        MemoryImage? image = null;
        int branched = 0;
        try
        {
            List<BlockDevice> disks = DisksToBranch(layers.Count);
            SnapshotFile file;
            long begin = Stopwatch.GetTimestamp();
            Pause();
            try
            {
                file = SaveState(system, description);
                for (; branched < disks.Count; branched++)
                {
                    disks[branched].BranchDisk(layers[branched]);
                }

                image = MemoryImage.Begin(Memory, memory, mayBeLive: true);
            }
            finally
            {
                Resume();
                wentOn?.Invoke(branched);
            }

            TimeSpan pause = Stopwatch.GetElapsedTime(begin);
            bool live = image.IsLive;
            AddFiles(file, memory, image.Finish());
            return new LiveSnapshot(file.ToBytes(), live, pause, Stopwatch.GetElapsedTime(begin) - pause);
        }
        finally
        {
            image?.Dispose();
            for (; branched < layers.Count; branched++)
            {
                layers[branched].Dispose();
            }
        }
    }

    /// <summary>Takes over a saved machine's state; <see cref="Start"/> goes on where it was paused.</summary>
    /// <param name="snapshot">The state file.</param>
    /// <param name="name">The snapshot's name for messages.</param>
    /// <param name="memory">The memory file; may be closed afterwards, and must not change while the machine lives.</param>
    /// <exception cref="SnapshotException">It cannot be loaded here; the machine is of no use then.</exception>
    /// <exception cref="KvmException">KVM refuses a part.</exception>
    public void Restore(ReadOnlySpan<byte> snapshot, string name, SafeFileHandle memory) => Restore(SnapshotFile.Parse(snapshot, name), name, memory);

    /// <inheritdoc cref="Restore(ReadOnlySpan{byte}, string, SafeFileHandle)"/>
    internal void Restore(SnapshotFile file, string name, SafeFileHandle memory)
    {
        var extents = new StateReader(file.Get(SectionKind.Memory, 0), "memory");
        ulong size = extents.Read<ulong>();
        if (size != Memory.Size)
        {
            throw new SnapshotException($"{name}: its machine has {size >> 20} MiB, this one {Memory.Size >> 20}");
        }

        _knownLayers = new StateReader(file.Get(SectionKind.DiskLayers, 0), "the disk layers").ReadArray<LayerRecord>(MaxLayers);
        LayerRecord.Require(_knownLayers, [.. FrozenLayers()], name);

        // A file that nobody touched since needs no reading; any other, a copy too, is compared byte by byte with its checksums.
        bool verify = extents.Read<FileStamp>() != FileStamp.Of(memory);
        _mapped = extents.ReadArray<MemoryExtent>(MaxExtents);
        MemoryFile.Map(Memory, memory, _mapped, name, verify);
        for (uint chip = 0; chip < IrqchipCount; chip++)
        {
            _vm.SetIrqchip(new StateReader(file.Get(SectionKind.InterruptController, chip), "an interrupt controller").Read<kvm_irqchip>());
        }

        _vm.SetClock(new kvm_clock_data { clock = new StateReader(file.Get(SectionKind.Clock, 0), "the clock").Read<ulong>() });
        foreach (Vcpu vcpu in _vcpus)
        {
            var state = new StateReader(file.Get(SectionKind.Vcpu, (uint)vcpu.Index), $"vCPU {vcpu.Index}");
            vcpu.Cpuid = VcpuState.Restore(vcpu.Kvm, HostCpuid.Of(_system), name, ref state);
        }

        var serial = new StateReader(file.Get(SectionKind.Serial, 0), "the serial port");
        Serial.Restore(ref serial);
        for (int i = 0; i < _transports.Count; i++)
        {
            var state = new StateReader(file.Get(SectionKind.VirtioDevice, (uint)i), $"virtio device {i}");
            _transports[i].Restore(ref state);
        }

        foreach (VirtioMmioDevice transport in _transports)
        {
            transport.Resume();
            (transport.Device as Virtio.Vsock.VirtioVsock)?.ResetTransport();
        }
    }

    /// <summary>Notes what the machine wrote to since it was restored, for others of its snapshot.</summary>
    /// <param name="file">An empty file.</param>
    /// <param name="pageMap">From <see cref="WorkingSet.OpenPageMap"/>.</param>
    internal void NoteWorkingSet(SafeFileHandle file, SafeFileHandle pageMap) => WorkingSet.Note(file, Memory, _mapped, pageMap);

    /// <summary>Stops the guest between two instructions and the devices between two requests.</summary>
    public void Pause()
    {
        foreach (Vcpu vcpu in _vcpus)
        {
            vcpu.Pause();
        }

        foreach (VirtioMmioDevice transport in _transports)
        {
            transport.Pause();
        }
    }

    /// <summary>Makes the top layers of a paused machine's disks read-only for good, for a snapshot to keep.</summary>
    public void FreezeDisks()
    {
        foreach (VirtioMmioDevice transport in _transports)
        {
            (transport.Device as BlockDevice)?.FreezeDisk();
        }
    }

    /// <summary>Lets guest and devices go on after <see cref="Pause"/>.</summary>
    public void Resume()
    {
        foreach (VirtioMmioDevice transport in _transports)
        {
            transport.Resume();
        }

        foreach (Vcpu vcpu in _vcpus)
        {
            vcpu.Resume();
        }
    }

    /// <summary>Starts every vCPU's thread.</summary>
    public void Start()
    {
        foreach (Vcpu vcpu in _vcpus)
        {
            vcpu.Start();
        }
    }

    /// <summary>Ends the machine at once, as by pulling its plug. <see cref="Exited"/> completes.</summary>
    public void Stop() => End(new MachineExit(MachineExitReason.Stopped, "stopped by the host"));

    /// <summary>As <see cref="Stop"/>, because its time to live is over.</summary>
    internal void Expire() => End(new MachineExit(MachineExitReason.Expired, "its time to live is over"));

    /// <summary>Stops what runs and gives everything back.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        Stop();
        foreach (Vcpu vcpu in _vcpus)
        {
            vcpu.Stop();
        }

        // Devices write to guest memory until they are reset; only then may it go.
        foreach (VirtioMmioDevice transport in _transports)
        {
            transport.Dispose();
        }

        foreach (Vcpu vcpu in _vcpus)
        {
            vcpu.Dispose();
        }

        foreach (IrqLine line in _lines)
        {
            line.Dispose();
        }

        _vm.Dispose();
        _acknowledgements.Dispose();
        _registers.Dispose();
        Memory.Dispose();
        _console.Dispose();
    }

    /// <summary>
    /// Memory comes before the interrupt controllers: KVM makes the first slot wait for a grace period that creating
    /// them starts, which costs milliseconds the other way round.
    /// </summary>
    private void MapMemory(bool withRegisters)
    {
        uint slot = 0;
        foreach (MemoryRegion region in Memory.Regions)
        {
            _vm.SetMemoryRegion(slot++, region.Start.Value, region.Length, (void*)region.Host);
        }

        if (withRegisters)
        {
            _vm.SetMemoryRegion(slot, GuestLayout.VirtioMmio, _registers.Length, (void*)_registers.Host, (uint)Uapi.KVM_MEM_READONLY);
        }
    }

    private void CreateInterruptControllers(KvmSystem system)
    {
        _vm.SetTssAddress((uint)GuestLayout.Tss);
        _vm.SetIdentityMapAddress(GuestLayout.IdentityMap);
        // And no i8254: for each, the kernel starts a thread and waits for it. Linux needs none beside kvmclock and the
        // TSC deadline timer.
        _vm.CreateIrqchip();
        if (system.CheckExtension(Uapi.KVM_CAP_EXIT_ON_EMULATION_FAILURE) > 0)
        {
            _vm.EnableCapability(Uapi.KVM_CAP_EXIT_ON_EMULATION_FAILURE, 1);
        }
    }

    private IrqLine Line(uint irq)
    {
        var line = new IrqLine(_vm, irq);
        _lines.Add(line);
        return line;
    }

    private void AddVirtioDevices(IReadOnlyList<VirtioDevice> devices, Action<string>? log)
    {
        for (int i = 0; i < devices.Count; i++)
        {
            ulong address = GuestLayout.VirtioRegisters(i);
            var transport = new VirtioMmioDevice(devices[i], Memory, Line(GuestLayout.FirstVirtioIrq + (uint)i), _registers.Window(i), log);
            _transports.Add(transport);
            Mmio.Add(address, RegisterWindow.Length, transport);
            for (int queue = 0; queue < transport.QueueNotifiers.Count; queue++)
            {
                _vm.AddIoEventFd(transport.QueueNotifiers[queue], IoBus.Mmio, address + VirtioMmioDevice.QueueNotifyOffset, 4, (ulong)queue);
            }

            _vm.AddIoEventFd(_acknowledgements, IoBus.Mmio, address + VirtioMmioDevice.InterruptAckOffset, 4, VirtioMmioDevice.UsedBufferInterrupt);
        }
    }

    private SnapshotFile SaveState(KvmSystem system, ReadOnlySpan<byte> description)
    {
        var file = new SnapshotFile();
        file.Add(SectionKind.Description, 0, description);
        uint[] msrs = system.GetMsrIndexList();
        foreach (Vcpu vcpu in _vcpus)
        {
            // Marks kvmclock in guest memory, so memory comes after it.
            _ = vcpu.Kvm.TryNotifyPaused();
            AddSection(file, SectionKind.Vcpu, (uint)vcpu.Index, state => VcpuState.Save(vcpu.Kvm, vcpu.Cpuid, msrs, state));
        }

        for (uint chip = 0; chip < IrqchipCount; chip++)
        {
            AddSection(file, SectionKind.InterruptController, chip, state => state.Write(_vm.GetIrqchip(chip)));
        }

        AddSection(file, SectionKind.Clock, 0, state => state.Write(_vm.GetClock().clock));
        AddSection(file, SectionKind.Serial, 0, Serial.Save);
        for (int i = 0; i < _transports.Count; i++)
        {
            AddSection(file, SectionKind.VirtioDevice, (uint)i, _transports[i].Save);
        }

        return file;
    }

    private void AddFiles(SnapshotFile file, SafeFileHandle memory, MemoryExtent[] extents)
    {
        AddSection(file, SectionKind.Memory, 0, state =>
        {
            state.Write(Memory.Size);
            state.Write(FileStamp.Of(memory));
            state.WriteArray<MemoryExtent>(extents);
        });
        _knownLayers = LayerRecord.Of(FrozenLayers(), _knownLayers);
        AddSection(file, SectionKind.DiskLayers, 0, state => state.WriteArray<LayerRecord>(_knownLayers));
    }

    private IEnumerable<SafeFileHandle> FrozenLayers() => _transports.Select(t => t.Device).OfType<BlockDevice>().SelectMany(d => d.FrozenLayers);

    /// <exception cref="DiskException">One would be shared with the snapshot and written to.</exception>
    private List<BlockDevice> DisksToBranch(int layers)
    {
        List<BlockDevice> disks = [.. _transports.Select(t => t.Device).OfType<BlockDevice>().Where(d => d.CanChange)];
        foreach (BlockDevice disk in disks)
        {
            disk.ThrowUnlessLayered();
        }

        return disks.Count == layers
            ? disks
            : throw new ArgumentException($"the machine has {disks.Count} disks that can change, and there are new layers for {layers}", nameof(layers));
    }

    private static void AddSection(SnapshotFile file, SectionKind kind, uint number, Action<StateWriter> save)
    {
        var state = new StateWriter();
        save(state);
        file.Add(kind, number, state.Written);
    }

    private void CreateVcpus(KvmSystem system, MachineOptions options)
    {
        int count = options.VcpuCount;
        for (int i = 0; i < count; i++)
        {
            _vcpus.Add(new Vcpu(i, _vm.CreateVcpu(i), Memory, Ports, Mmio, End));
        }

        if (options.WillRestore)
        {
            return;
        }

        bool tscDeadline = system.CheckExtension(Uapi.KVM_CAP_TSC_DEADLINE_TIMER) > 0;
        for (int i = 0; i < count; i++)
        {
            KvmVcpu vcpu = _vcpus[i].Kvm;
            kvm_cpuid_entry2[] cpuid = HostCpuid.Of(system).ToArray();
            CpuidPolicy.Apply(cpuid, (uint)i, (uint)count, tscDeadline);
            vcpu.SetCpuid(cpuid);
            _vcpus[i].Cpuid = cpuid;
            EnableExtendedState(vcpu, cpuid);
        }
    }

    /// <summary>
    /// Enables every part of the extended state that the guest is told of, as its kernel does first thing anyway: emulated
    /// processors without an XSETBV intercept would otherwise save and restore less than the guest uses.
    /// </summary>
    private static void EnableExtendedState(KvmVcpu vcpu, kvm_cpuid_entry2[] cpuid)
    {
        const uint xsaveLeaf = 0xd;
        foreach (ref readonly kvm_cpuid_entry2 entry in cpuid.AsSpan())
        {
            if (entry.function == xsaveLeaf && entry.index == 0)
            {
                var state = new kvm_xcrs { nr_xcrs = 1 };
                state.xcrs[0].value = entry.eax | ((ulong)entry.edx << 32);
                vcpu.SetXcrs(state);
                return;
            }
        }
    }

    private void OnReset()
    {
        // With panic=-1 a panic ends in a reset; only the console tells the two apart.
        string? panic = _console.FindPanic();
        MachineExitReason reason = panic is null ? MachineExitReason.Reboot : MachineExitReason.Panic;
        End(new MachineExit(reason, panic ?? "the guest asked for a reset", ConsoleTail: _console.Tail()));
    }

    private void End(MachineExit exit)
    {
        _console.Flush();
        _exited.TrySetResult(exit);
    }
}
