using Iced.Intel;
using Pyro.Kvm.Native;

namespace Pyro.Kvm.Tests;

/// <summary>A VM of one vCPU in real mode with 64 KiB of memory and a few instructions at <see cref="CodeAddress"/>.</summary>
internal sealed unsafe class TestGuest : IDisposable
{
    public const int CodeAddress = 0x1000;
    public const int StackAddress = 0x8000;
    public const int MemorySize = 0x10000;

    private readonly void* _memory;

    public TestGuest(Action<Assembler> code, bool irqchip = false, uint slotFlags = 0)
    {
        _memory = Libc.mmap(null, MemorySize, Uapi.PROT_READ | Uapi.PROT_WRITE, Uapi.MAP_PRIVATE | Uapi.MAP_ANONYMOUS, -1, 0);
        Assert.NotEqual(-1, (nint)_memory);
        System = KvmSystem.Open();
        Vm = System.CreateVm();
        Vm.SetTssAddress(0xfffbd000);
        Vm.SetMemoryRegion(0, 0, MemorySize, _memory, slotFlags);
        if (irqchip)
        {
            Vm.CreateIrqchip();
        }
        Vcpu = Vm.CreateVcpu(0);
        Vcpu.SetCpuid(System.GetSupportedCpuid());
        Load(CodeAddress, code);

        Vcpu.GetSregs(out kvm_sregs sregs);
        foreach (ref kvm_segment segment in new Span<kvm_segment>(&sregs.cs, 6))
        {
            segment.@base = 0;
            segment.selector = 0;
        }
        Vcpu.SetSregs(in sregs);
        Vcpu.SetRegs(new kvm_regs { rip = CodeAddress, rsp = StackAddress, rflags = 2 });
    }

    public KvmSystem System { get; }

    public KvmVm Vm { get; }

    public KvmVcpu Vcpu { get; }

    public Span<byte> Memory => new(_memory, MemorySize);

    /// <summary>The address of the guest's memory here.</summary>
    public void* Host => _memory;

    public void Load(int address, Action<Assembler> code)
    {
        var assembler = new Assembler(16);
        code(assembler);
        using var bytes = new MemoryStream();
        assembler.Assemble(new StreamCodeWriter(bytes), (ulong)address);
        bytes.ToArray().CopyTo(Memory[address..]);
    }

    /// <summary>Runs to the next exit that must be the one given.</summary>
    public void RunTo(int exitReason)
    {
        Assert.Equal(VcpuRunResult.Exit, Vcpu.Run());
        kvm_run* run = Vcpu.Shared;
        Assert.True(
            run->exit_reason == (uint)exitReason,
            $"exit reason {run->exit_reason}, not {exitReason}; internal error {run->@internal.suberror}, fail_entry 0x{run->fail_entry.hardware_entry_failure_reason:x}");
    }

    /// <summary>Runs to a write of one byte to a port, and gives the byte.</summary>
    public byte RunToPortWrite(ushort port)
    {
        RunTo(Uapi.KVM_EXIT_IO);
        kvm_run* run = Vcpu.Shared;
        Assert.Equal(Uapi.KVM_EXIT_IO_OUT, run->io.direction);
        Assert.Equal(port, run->io.port);
        Assert.Equal((1, 1u), (run->io.size, run->io.count));
        return *((byte*)run + run->io.data_offset);
    }

    public kvm_regs Regs()
    {
        Vcpu.GetRegs(out kvm_regs regs);
        return regs;
    }

    public void Dispose()
    {
        Vcpu.Dispose();
        Vm.Dispose();
        System.Dispose();
        _ = Libc.munmap(_memory, MemorySize);
    }
}
