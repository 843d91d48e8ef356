using System.Diagnostics;
using Iced.Intel;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Kvm.Native;
using Pyro.Vmm.Boot;
using Pyro.Vmm.Devices;
using Pyro.Vmm.Memory;
using Pyro.Vmm.Snapshots;
using Pyro.Vmm.Tests.Boot;
using Pyro.Vmm.Tests.Disks;
using static Iced.Intel.AssemblerRegisters;
using static Pyro.Vmm.Tests.TinyGuest;

namespace Pyro.Vmm.Tests.Snapshots;

/// <summary>
/// A guest's clocks and its paravirtual MSRs across a snapshot: others lost them, set them in the wrong order, or let them jump.
/// </summary>
public sealed class RestoredTimeTests : IDisposable
{
    private const ulong MemoryBytes = 32 << 20;
    private const int Ready = 0x300000;
    private const uint WallClock = 0x4b564d00, SystemTime = 0x4b564d01;
    private const uint TimeStampCounter = 0x10, TscDeadline = 0x6e0;

    // Many times what a busy host may take for the rest of a test.
    private static readonly TimeSpan s_gap = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    private readonly string _memory = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
    private readonly KvmSystem _kvm = KvmSystem.Open();

    public void Dispose()
    {
        _kvm.Dispose();
        File.Delete(_memory);
    }

    [Fact]
    public void The_MSRs_of_the_paravirtual_clock_come_back()
    {
        (ClockState before, ClockState after) = SaveRestoreSave(TimeSpan.Zero);
        uint[] saved = [.. before.Msrs.Keys.Where(index => index is >= WallClock and <= 0x4b564dff)];
        Assert.Contains(SystemTime, saved);
        Assert.Equal(0x311001ul, before.Msrs[SystemTime]);
        Assert.Equal(0x310000ul, before.Msrs[WallClock]);
        Assert.All(saved, index => Assert.Equal(before.Msrs[index], after.Msrs[index]));
    }

    [Fact]
    public void The_counter_comes_before_its_deadline_and_the_deadline_is_not_lost()
    {
        (ClockState before, ClockState after) = SaveRestoreSave(TimeSpan.Zero);
        Assert.Equal(TimeStampCounter, before.Order[0]);
        Assert.Equal(TscDeadline, before.Order[^1]);
        Assert.True(before.Msrs[TscDeadline] > before.Msrs[TimeStampCounter], "the guest's deadline is not in its future");
        Assert.Equal(before.Msrs[TscDeadline], after.Msrs[TscDeadline]);
    }

    [Fact]
    public void The_paravirtual_clock_does_not_jump_over_the_time_that_the_snapshot_lay_on_the_disk()
    {
        (ClockState before, ClockState after) = SaveRestoreSave(s_gap);
        TimeSpan ran = after.Restored + TimeSpan.FromSeconds(1);
        Assert.InRange((long)(after.Clock - before.Clock), 0, (long)ran.TotalNanoseconds);
    }

    // The second machine does not run: what it has is what it was given.
    private (ClockState Before, ClockState After) SaveRestoreSave(TimeSpan gap)
    {
        byte[] first, second;
        using (Machine machine = NewMachine(restore: false))
        {
            using FileStream kernel = TinyElf.Open(TinyElf.Build(Assemble(64, SetClocks)));
            machine.LoadKernel(kernel.SafeFileHandle, "tiny", null, "", BootProtocol.Linux64);
            machine.Start();
            Assert.True(SpinWait.SpinUntil(() => machine.Exited.IsCompleted || (machine.Memory.TryRead(new GuestAddress(Ready), out long ready) && ready == 1), s_limit));
            Assert.False(machine.Exited.IsCompleted, machine.Exited.IsCompleted ? $"{machine.Exited.Result}" : null);
            machine.Pause();
            using SafeFileHandle memory = File.OpenHandle(_memory, FileMode.CreateNew, FileAccess.ReadWrite);
            first = machine.Save(_kvm, [], memory);
        }

        Thread.Sleep(gap);
        long begin = Stopwatch.GetTimestamp();
        using (Machine machine = NewMachine(restore: true))
        {
            using SafeFileHandle memory = File.OpenHandle(_memory), unused = TestDisk.NewFile();
            machine.Restore(first, "first", memory);
            second = machine.Save(_kvm, [], unused);
        }

        return (ClockState.Of(first, default), ClockState.Of(second, Stopwatch.GetElapsedTime(begin)));
    }

    private Machine NewMachine(bool restore) => new(_kvm, new MachineOptions { Console = new ConsoleLog(null), MemoryBytes = MemoryBytes, WillRestore = restore });

    // kvmclock at two addresses; and the local APIC's timer, masked, with a deadline some hours away.
    private static void SetClocks(Assembler a)
    {
        Set(WallClock, 0x310000);
        Set(SystemTime, 0x311001);
        a.mov(ecx, 0x1b);
        a.rdmsr();
        a.or(eax, 0xc00);
        a.wrmsr();
        Set(0x80f, 0x1ff);
        Set(0x832, 0x40000 | 0x10000 | 0x40);
        a.rdtsc();
        a.add(edx, 1 << 13);
        a.mov(ecx, (int)TscDeadline);
        a.wrmsr();
        a.mov(__qword_ptr[Ready], 1);
        Spin(a);

        void Set(uint msr, int value)
        {
            a.mov(ecx, (int)msr);
            a.mov(eax, value);
            a.xor(edx, edx);
            a.wrmsr();
        }
    }

    /// <summary>What a state file holds of clocks.</summary>
    private sealed record ClockState(ulong Clock, uint[] Order, Dictionary<uint, ulong> Msrs, TimeSpan Restored)
    {
        internal static ClockState Of(byte[] state, TimeSpan restored)
        {
            var file = SnapshotFile.Parse(state, "test");
            ulong clock = new StateReader(file.Get(SectionKind.Clock, 0), "the clock").Read<ulong>();
            var vcpu = new StateReader(file.Get(SectionKind.Vcpu, 0), "vCPU 0");
            for (int skipped = 0; skipped < 9; skipped++)
                _ = vcpu.ReadBytes();
            kvm_msr_entry[] msrs = vcpu.ReadArray<kvm_msr_entry>(4096);
            return new ClockState(clock, [.. msrs.Select(m => m.index)], msrs.ToDictionary(m => m.index, m => m.data), restored);
        }
    }
}
