using Pyro.Kvm;
using Pyro.Kvm.Native;
using Pyro.Vmm.Buses;
using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Vcpus;

/// <summary>
/// One vCPU and its thread. The loop runs the guest until it leaves, lets a bus answer, and goes on; it allocates nothing.
/// </summary>
internal sealed unsafe class Vcpu : IDisposable
{
    private readonly KvmVcpu _kvm;
    private readonly GuestMemory _memory;
    private readonly Bus _ports;
    private readonly Bus _mmio;
    private readonly Action<MachineExit> _ended;
    private readonly MachineThread _thread;
    private readonly VcpuKick _kick = new();
    // Guards the next three; an object and not a Lock, because threads wait on it.
    private readonly object _pausing = new();
    private bool _pauseRequested;
    private bool _isPaused;
    private bool _hasEnded;
    private volatile bool _stopping;

    /// <param name="index">The vCPU's number.</param>
    /// <param name="kvm">Its KVM handle; owned from here on.</param>
    /// <param name="memory">The machine's memory, for fault reports.</param>
    /// <param name="ports">Answers port I/O.</param>
    /// <param name="mmio">Answers accesses to addresses that are no memory.</param>
    /// <param name="ended">Called once on the vCPU's thread when the guest cannot go on.</param>
    internal Vcpu(int index, KvmVcpu kvm, GuestMemory memory, Bus ports, Bus mmio, Action<MachineExit> ended)
    {
        Index = index;
        _kvm = kvm;
        _memory = memory;
        _ports = ports;
        _mmio = mmio;
        _ended = ended;
        _thread = new MachineThread($"vcpu{index}", Loop);
    }

    internal int Index { get; }

    internal KvmVcpu Kvm => _kvm;

    /// <summary>What the guest is told by CPUID.</summary>
    internal kvm_cpuid_entry2[] Cpuid { get; set; } = [];

    /// <summary>How often the guest left for the VMM, by reason.</summary>
    internal ExitCounters Exits { get; } = new();

    internal void Start() => _thread.Start();

    /// <summary>
    /// Has the vCPU leave the guest between two instructions, with what the last exit began completed; returns when it has.
    /// Only then do its registers say where the guest is. One that has ended, or never started, counts as paused.
    /// </summary>
    internal void Pause()
    {
        lock (_pausing)
        {
            _pauseRequested = true;
            _kvm.ImmediateExit = true;
            if (!_thread.IsAlive)
            {
                return;
            }

            _kick.Send();
            while (!_isPaused && !_hasEnded)
            {
                Monitor.Wait(_pausing);
            }
        }
    }

    /// <summary>Lets it go on after <see cref="Pause"/>.</summary>
    internal void Resume()
    {
        lock (_pausing)
        {
            _pauseRequested = false;
            _kvm.ImmediateExit = false;
            Monitor.PulseAll(_pausing);
        }
    }

    /// <summary>Makes the loop end, wherever it is; returns when it has.</summary>
    internal void Stop()
    {
        if (_thread.IsAlive)
        {
            lock (_pausing)
            {
                _stopping = true;
                _kvm.ImmediateExit = true;
                Monitor.PulseAll(_pausing);
            }

            _kick.Send();
        }

        _thread.Join();
    }

    public void Dispose()
    {
        Stop();
        _kvm.Dispose();
    }

    private void Loop()
    {
        MachineExit exit;
        try
        {
            _kick.PrepareThread(_kvm);
            exit = RunUntilExit();
        }
        catch (Exception e)
        {
            exit = new MachineExit(MachineExitReason.InternalError, $"vCPU {Index}: {e.Message}");
        }
        finally
        {
            _kick.ThreadEnds();
            lock (_pausing)
            {
                _hasEnded = true;
                Monitor.PulseAll(_pausing);
            }
        }

        if (!_stopping)
        {
            _ended(exit);
        }
    }

    private MachineExit RunUntilExit()
    {
        // SAFETY: the mapping lives as long as _kvm, which Dispose closes only after this thread has ended.
        kvm_run* run = _kvm.Shared;
        while (!_stopping)
        {
            if (_kvm.Run() != VcpuRunResult.Exit)
            {
                Exits.Interrupted++;
                WaitWhilePaused();
                continue;
            }

            switch (run->exit_reason)
            {
                case Uapi.KVM_EXIT_IO:
                    Exits.Port++;
                    HandlePort(run);
                    break;
                case Uapi.KVM_EXIT_MMIO:
                    Exits.Mmio++;
                    HandleMmio(run);
                    break;
                case Uapi.KVM_EXIT_INTR:
                    Exits.Interrupted++;
                    break;
                case Uapi.KVM_EXIT_SHUTDOWN:
                    return Fault(MachineExitReason.TripleFault, "triple fault");
                case Uapi.KVM_EXIT_SYSTEM_EVENT:
                    return new MachineExit(
                        run->system_event.type == Uapi.KVM_SYSTEM_EVENT_RESET ? MachineExitReason.Reboot : MachineExitReason.Shutdown,
                        $"system event {run->system_event.type}");
                case Uapi.KVM_EXIT_INTERNAL_ERROR when run->@internal.suberror == Uapi.KVM_INTERNAL_ERROR_EMULATION:
                    return Fault(MachineExitReason.EmulationFailure, "KVM could not emulate an instruction");
                case Uapi.KVM_EXIT_INTERNAL_ERROR:
                    return Fault(MachineExitReason.InternalError, $"KVM internal error, suberror {run->@internal.suberror}");
                case Uapi.KVM_EXIT_FAIL_ENTRY:
                    return Fault(MachineExitReason.InternalError, $"the processor refused to enter the guest, reason 0x{run->fail_entry.hardware_entry_failure_reason:x}");
                default:
                    return Fault(MachineExitReason.InternalError, $"unexpected KVM exit {run->exit_reason}");
            }
        }

        return new MachineExit(MachineExitReason.Stopped, "stopped by the host");
    }

    private void WaitWhilePaused()
    {
        lock (_pausing)
        {
            if (!_pauseRequested)
            {
                return;
            }

            _isPaused = true;
            Monitor.PulseAll(_pausing);
            while (_pauseRequested && !_stopping)
            {
                Monitor.Wait(_pausing);
            }

            _isPaused = false;
        }

        VcpuKick.Take();
    }

    private void HandlePort(kvm_run* run)
    {
        int size = run->io.size;
        byte* data = (byte*)run + run->io.data_offset;
        for (uint i = 0; i < run->io.count; i++, data += size)
        {
            // SAFETY: KVM places size * count bytes at data_offset, inside the run mapping.
            var span = new Span<byte>(data, size);
            if (run->io.direction == Uapi.KVM_EXIT_IO_IN)
            {
                _ports.Read(run->io.port, span);
            }
            else
            {
                _ports.Write(run->io.port, span);
            }
        }
    }

    private void HandleMmio(kvm_run* run)
    {
        // SAFETY: an MMIO exit carries at most eight bytes in the run mapping's own data field.
        var data = new Span<byte>(&run->mmio.data, (int)Math.Min(run->mmio.len, 8));
        if (run->mmio.is_write == 0)
        {
            _mmio.Read(run->mmio.phys_addr, data);
        }
        else
        {
            _mmio.Write(run->mmio.phys_addr, data);
        }
    }

    private MachineExit Fault(MachineExitReason reason, string what) =>
        new(reason, $"vCPU {Index}: {what}", FaultReport.Capture(_kvm, Index, _memory));
}
