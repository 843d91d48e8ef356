using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Kvm.Native;
using Pyro.Vmm.Boot;
using Pyro.Vmm.Buses;
using Pyro.Vmm.Devices;
using Pyro.Vmm.Memory;
using Pyro.Vmm.Vcpus;
using Pyro.Vmm.Virtio;

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

    private readonly KvmVm _vm;
    private readonly List<Vcpu> _vcpus = [];
    private readonly List<VirtioMmioDevice> _transports = [];
    private readonly List<IrqLine> _lines = [];
    private readonly RegisterPages _registers = new(MaxVirtioDevices);
    private readonly EventFd _acknowledgements = new();
    private readonly ConsoleLog _console;
    private readonly TaskCompletionSource<MachineExit> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
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
        MapMemory(withRegisters: options.Devices.Count > 0 && system.CheckExtension(Uapi.KVM_CAP_READONLY_MEM) > 0);
        CreateInterruptControllers(system);
        Serial = new Serial16550(Line(Serial16550.Irq), _console);
        Ports.Add(Serial16550.Base, Serial16550.Length, Serial);
        Ports.Add(I8042.Base, I8042.Length, new I8042(OnReset));
        Ports.Add(PowerPort.Base, 1, new PowerPort(() => End(new MachineExit(MachineExitReason.Shutdown, "the guest switched itself off"))));
        AddVirtioDevices(options.Devices, options.Log);
        CreateVcpus(system, options.VcpuCount);
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
        _vm.CreateIrqchip();
        _vm.CreatePit2();
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

    private void CreateVcpus(KvmSystem system, int count)
    {
        kvm_cpuid_entry2[] supported = system.GetSupportedCpuid();
        bool tscDeadline = system.CheckExtension(Uapi.KVM_CAP_TSC_DEADLINE_TIMER) > 0;
        for (int i = 0; i < count; i++)
        {
            KvmVcpu vcpu = _vm.CreateVcpu(i);
            _vcpus.Add(new Vcpu(i, vcpu, Memory, Ports, Mmio, End));
            var cpuid = (kvm_cpuid_entry2[])supported.Clone();
            CpuidPolicy.Apply(cpuid, (uint)i, (uint)count, tscDeadline);
            vcpu.SetCpuid(cpuid);
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
