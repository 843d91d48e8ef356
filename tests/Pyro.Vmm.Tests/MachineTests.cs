using Iced.Intel;
using Pyro.Kvm;
using Pyro.Vmm.Boot;
using Pyro.Vmm.Devices;
using Pyro.Vmm.Tests.Boot;
using Pyro.Vmm.Tests.Virtio;
using static Iced.Intel.AssemblerRegisters;
using static Pyro.Vmm.Tests.TinyGuest;

namespace Pyro.Vmm.Tests;

/// <summary>Whole machines on this host's own <c>/dev/kvm</c>, with kernels of a few instructions.</summary>
public sealed class MachineTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(20);

    private static (MachineExit Exit, string Console) Run(byte[] kernel, BootProtocol protocol = BootProtocol.Linux64, int vcpus = 1)
    {
        using KvmSystem kvm = KvmSystem.Open();
        var console = new ConsoleLog(null);
        using var machine = new Machine(kvm, new MachineOptions { Console = console, MemoryBytes = 64 << 20, VcpuCount = vcpus });
        using FileStream file = TinyElf.Open(kernel);
        machine.LoadKernel(file.SafeFileHandle, "tiny", null, "", protocol);
        machine.Start();
        Assert.True(machine.Exited.Wait(s_limit), "the machine did not end");
        return (machine.Exited.Result, console.Tail());
    }

    [Fact]
    public void A_64_bit_kernel_prints_and_switches_off()
    {
        (MachineExit exit, string console) = Run(TinyElf.Build(Assemble(64, a =>
        {
            Print(a, "hello\n");
            PowerOff(a);
        })));
        Assert.Equal(MachineExitReason.Shutdown, exit.Reason);
        Assert.Equal("hello\n", console);
    }

    [Fact]
    public void The_boot_protocol_hands_over_boot_params_in_rsi()
    {
        // Prints the four bytes "HdrS" out of the page that RSI points to.
        (_, string console) = Run(TinyElf.Build(Assemble(64, a =>
        {
            a.mov(dx, 0x3f8);
            for (int i = 0; i < 4; i++)
            {
                a.mov(al, __byte_ptr[rsi + 0x202 + i]);
                a.@out(dx, al);
            }

            PowerOff(a);
        })));
        Assert.Equal("HdrS", console);
    }

    [Fact]
    public void A_pvh_kernel_starts_in_32_bit_mode_with_its_start_info()
    {
        byte[] code = Assemble(32, a =>
        {
            Label bad = a.CreateLabel();
            a.cmp(__dword_ptr[ebx], 0x336ec578);
            a.jne(bad);
            Print(a, "pvh");
            a.Label(ref bad);
            PowerOff(a);
        });
        (MachineExit exit, string console) = Run(TinyElf.Build(code, pvhEntry: (uint)TinyElf.LoadAddress), BootProtocol.Pvh);
        Assert.Equal(MachineExitReason.Shutdown, exit.Reason);
        Assert.Equal("pvh", console);
    }

    [Fact]
    public void The_reset_line_is_told_from_power_off()
    {
        (MachineExit exit, _) = Run(TinyElf.Build(Assemble(64, a =>
        {
            a.mov(al, 0xfe);
            a.@out(0x64, al);
            a.hlt();
        })));
        Assert.Equal(MachineExitReason.Reboot, exit.Reason);
    }

    [Fact]
    public void A_reset_after_a_panic_line_is_a_panic_with_the_console()
    {
        (MachineExit exit, _) = Run(TinyElf.Build(Assemble(64, a =>
        {
            Print(a, "Kernel panic - not syncing: tests\n");
            a.mov(al, 0xfe);
            a.@out(0x64, al);
            a.hlt();
        })));
        Assert.Equal(MachineExitReason.Panic, exit.Reason);
        Assert.Equal("Kernel panic - not syncing: tests", exit.Message);
        Assert.Contains("tests", exit.ConsoleTail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_triple_fault_is_reported_with_registers_and_the_instruction()
    {
        (MachineExit exit, _) = Run(TinyElf.Build(Assemble(64, a =>
        {
            a.mov(rax, 0x1122334455667788);
            a.ud2();
        })));
        Assert.Equal(MachineExitReason.TripleFault, exit.Reason);
        Assert.NotNull(exit.Fault);
        Assert.Contains(exit.Fault.Registers, line => line.Contains("rax=1122334455667788", StringComparison.Ordinal));
        Assert.Contains(exit.Fault.Instructions, line => line.StartsWith("->", StringComparison.Ordinal) && line.EndsWith("ud2", StringComparison.Ordinal));
    }

    [Fact]
    public void Unknown_ports_and_addresses_read_as_ones_and_do_no_harm()
    {
        (MachineExit exit, string console) = Run(TinyElf.Build(Assemble(64, a =>
        {
            Label bad = a.CreateLabel();
            a.mov(dx, 0x1234);
            a.@in(eax, dx);
            a.cmp(eax, -1);
            a.jne(bad);
            a.mov(ecx, 0x3e000000); // inside the identity map, beyond memory
            a.mov(eax, __dword_ptr[rcx]);
            a.mov(__dword_ptr[rcx], eax);
            a.cmp(eax, -1);
            a.jne(bad);
            Print(a, "ok");
            a.Label(ref bad);
            PowerOff(a);
        })));
        Assert.Equal(MachineExitReason.Shutdown, exit.Reason);
        Assert.Equal("ok", console);
    }

    [Fact]
    public async Task A_driver_reads_registers_and_acknowledges_interrupts_without_leaving_the_guest()
    {
        const uint registers = 0xd0000000;
        const int status = 0x70;
        using KvmSystem kvm = KvmSystem.Open();
        var console = new ConsoleLog(null);
        using var machine = new Machine(kvm, new MachineOptions { Console = console, MemoryBytes = 64 << 20, Devices = [new TestDevice(), new TestDevice()] });
        using FileStream file = TinyElf.Open(TinyElf.Build(Assemble(64, a =>
        {
            // A page directory for the fourth GiB, with the 2 MiB that the second device's registers are in.
            a.mov(__qword_ptr[0xc000 + (128 * 8)], unchecked((int)(registers | 0x83)));
            a.mov(__dword_ptr[0xc000 + (128 * 8) + 4], 0);
            a.mov(__qword_ptr[0xa000 + (3 * 8)], 0xc003);
            a.mov(ebx, unchecked((int)registers + 0x200));
            a.mov(dx, 0x3f8);
            for (int i = 0; i < 4; i++)
            {
                a.mov(al, __byte_ptr[rbx + i]);
                a.@out(dx, al);
            }

            a.mov(__dword_ptr[rbx + status], 1);
            a.mov(__dword_ptr[rbx + status], 3);
            a.mov(__dword_ptr[rbx + 0x64], 1);
            a.mov(eax, __dword_ptr[rbx + status]);
            a.add(al, (byte)'0');
            a.@out(dx, al);
            PowerOff(a);
        })));
        machine.LoadKernel(file.SafeFileHandle, "tiny", null, "", BootProtocol.Linux64);
        machine.Start();
        await machine.Exited.WaitAsync(s_limit);
        Assert.Equal("virt3", console.Tail());
        Assert.Equal(2, machine.Exits[0].Mmio);
        Assert.Equal(new ExitCounts(6, 2, 0), machine.Counters.Exits with { Interrupted = 0 });
    }

    [Fact]
    public async Task A_spinning_machine_is_stopped_at_once()
    {
        using KvmSystem kvm = KvmSystem.Open();
        using var machine = new Machine(kvm, new MachineOptions { Console = new ConsoleLog(null), MemoryBytes = 64 << 20 });
        using FileStream file = TinyElf.Open(TinyElf.Build(Assemble(64, Spin)));
        machine.LoadKernel(file.SafeFileHandle, "tiny", null, "", BootProtocol.Linux64);
        machine.Start();
        await Task.Delay(50);
        machine.Stop();
        Assert.Equal(MachineExitReason.Stopped, (await machine.Exited.WaitAsync(s_limit)).Reason);
        await Task.Run(machine.Dispose).WaitAsync(s_limit);
    }

    [Fact]
    public void Thirty_two_vcpus_are_made_and_taken_apart()
    {
        (MachineExit exit, _) = Run(TinyElf.Build(Assemble(64, PowerOff)), vcpus: 32);
        Assert.Equal(MachineExitReason.Shutdown, exit.Reason);
    }
}
