using Iced.Intel;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Vmm.Boot;
using Pyro.Vmm.Devices;
using Pyro.Vmm.Memory;
using Pyro.Vmm.Snapshots;
using Pyro.Vmm.Tests.Boot;
using Pyro.Vmm.Tests.Virtio;
using static Iced.Intel.AssemblerRegisters;

namespace Pyro.Vmm.Tests.Snapshots;

/// <summary>Machines saved and restored on this host's own <c>/dev/kvm</c>, with a guest of a few instructions.</summary>
public sealed class SnapshotTests : IDisposable
{
    private const ulong MemoryBytes = 64 << 20;
    private const int Counter = 0x300000;
    private const int Go = 0x300008;
    private const ulong KernelGsBase = 0xc0000102;

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(20);

    private readonly string _folder = Directory.CreateTempSubdirectory("pyro-snapshot-").FullName;
    private readonly KvmSystem _kvm = KvmSystem.Open();

    public void Dispose()
    {
        _kvm.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_restored_guest_goes_on_with_its_registers_memory_and_msrs()
    {
        byte[] state = await SaveCountingGuestAsync("one");
        using Machine machine = Restore(state, "one", out ConsoleLog console);
        Assert.True(machine.Memory.TryRead(new GuestAddress(Counter), out long before));
        Assert.True(before > 0);
        machine.Memory.TryWrite(new GuestAddress(Go), 1L);
        machine.Start();
        Assert.Equal(MachineExitReason.Shutdown, (await machine.Exited.WaitAsync(s_limit)).Reason);
        Assert.Equal("ok", console.Tail());
        Assert.True(machine.Memory.TryRead(new GuestAddress(Counter), out long after));
        Assert.True(after >= before);
    }

    [Fact]
    public async Task The_saved_machine_itself_goes_on_too()
    {
        using Machine machine = CountingGuest(out ConsoleLog console);
        await SaveAsync(machine, "one");
        machine.Memory.TryWrite(new GuestAddress(Go), 1L);
        machine.Resume();
        Assert.Equal(MachineExitReason.Shutdown, (await machine.Exited.WaitAsync(s_limit)).Reason);
        Assert.Equal("ok", console.Tail());
    }

    [Fact]
    public async Task Machines_of_one_snapshot_share_it_and_nothing_else()
    {
        byte[] state = await SaveCountingGuestAsync("one");
        byte[] file = await File.ReadAllBytesAsync(MemoryPath("one"));
        Machine[] machines = [.. Enumerable.Range(0, 8).Select(_ => Restore(state, "one", out ConsoleLog _))];
        try
        {
            for (int i = 0; i < machines.Length; i++)
                machines[i].Memory.TryWrite(new GuestAddress(Go), (long)i + 1);
            foreach (Machine machine in machines)
                machine.Start();
            await Task.WhenAll(machines.Select(m => m.Exited.WaitAsync(s_limit)));
            for (int i = 0; i < machines.Length; i++)
            {
                Assert.True(machines[i].Memory.TryRead(new GuestAddress(Go), out long go));
                Assert.Equal(i + 1, go);
            }
        }
        finally
        {
            foreach (Machine machine in machines)
                machine.Dispose();
        }

        Assert.Equal(file, await File.ReadAllBytesAsync(MemoryPath("one")));
    }

    [Fact]
    public async Task A_snapshot_of_a_restored_machine_is_as_good()
    {
        byte[] state = await SaveCountingGuestAsync("one");
        byte[] second;
        using (Machine machine = Restore(state, "one", out _))
        {
            machine.Start();
            second = await SaveAsync(machine, "two");
        }

        File.Delete(MemoryPath("one"));
        using Machine last = Restore(second, "two", out ConsoleLog console);
        last.Memory.TryWrite(new GuestAddress(Go), 1L);
        last.Start();
        await last.Exited.WaitAsync(s_limit);
        Assert.Equal("ok", console.Tail());
    }

    [Fact]
    public async Task The_memory_file_has_holes_where_the_guest_has_zeroes()
    {
        await SaveCountingGuestAsync("one");
        Assert.Equal((long)MemoryBytes, new FileInfo(MemoryPath("one")).Length);
        using var process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("stat", ["-c", "%b", MemoryPath("one")]) { RedirectStandardOutput = true })!;
        long sectors = long.Parse(await process.StandardOutput.ReadToEndAsync(), System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(sectors * 512, 4096, 4 << 20);
    }

    [Fact]
    public async Task A_state_file_with_any_byte_changed_or_cut_off_is_refused()
    {
        byte[] state = await SaveCountingGuestAsync("one");
        var random = new Random(20261121);
        for (int i = 0; i < 100; i++)
        {
            byte[] damaged = (byte[])state.Clone();
            int at = i < 32 ? i : random.Next(state.Length);
            damaged[at] ^= (byte)(1 << random.Next(8));
            // Four bytes of the header mean nothing.
            if (at is >= 28 and < 32)
                continue;
            Assert.Throws<SnapshotException>(() => Restore(damaged, "one", out _).Dispose());
            Assert.Throws<SnapshotException>(() => Restore(state[..random.Next(state.Length)], "one", out _).Dispose());
        }
    }

    [Fact]
    public async Task Another_version_is_refused_by_its_number()
    {
        byte[] state = await SaveCountingGuestAsync("one");
        state[8] = 77;
        SnapshotException error = Assert.Throws<SnapshotException>(() => Restore(state, "one", out _).Dispose());
        Assert.Contains("format version 77", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_memory_file_that_was_cut_short_or_damaged_is_refused()
    {
        byte[] state = await SaveCountingGuestAsync("one");
        using (FileStream file = File.OpenWrite(MemoryPath("one")))
        {
            file.Position = Counter + 16;
            file.WriteByte(1);
        }

        SnapshotException error = Assert.Throws<SnapshotException>(() => Restore(state, "one", out _).Dispose());
        Assert.Contains("checksum", error.Message, StringComparison.Ordinal);
        using (FileStream file = File.OpenWrite(MemoryPath("one")))
            file.SetLength((long)MemoryBytes - 4096);
        error = Assert.Throws<SnapshotException>(() => Restore(state, "one", out _).Dispose());
        Assert.Contains("cut short", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_machine_of_another_size_refuses()
    {
        byte[] state = await SaveCountingGuestAsync("one");
        using SafeFileHandle memory = File.OpenHandle(MemoryPath("one"));
        using var machine = new Machine(_kvm, new MachineOptions { Console = new ConsoleLog(null), MemoryBytes = 32 << 20, WillRestore = true });
        SnapshotException error = Assert.Throws<SnapshotException>(() => machine.Restore(state, "one", memory));
        Assert.Contains("64 MiB, this one 32", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_machine_pauses_and_goes_on_a_thousand_times()
    {
        using Machine machine = CountingGuest(out ConsoleLog console);
        for (int i = 0; i < 1000; i++)
        {
            machine.Pause();
            Assert.True(machine.Memory.TryRead(new GuestAddress(Counter), out long paused));
            Thread.SpinWait(100);
            Assert.True(machine.Memory.TryRead(new GuestAddress(Counter), out long still));
            Assert.Equal(paused, still);
            machine.Resume();
        }

        machine.Memory.TryWrite(new GuestAddress(Go), 1L);
        Assert.Equal(MachineExitReason.Shutdown, (await machine.Exited.WaitAsync(s_limit)).Reason);
        Assert.Equal("ok", console.Tail());
    }

    private string MemoryPath(string name) => Path.Combine(_folder, name + ".memory");

    // Puts marks into registers and an MSR, counts until it is told to go on, and says whether the marks are still there.
    private Machine CountingGuest(out ConsoleLog console)
    {
        console = new ConsoleLog(null);
        var machine = new Machine(_kvm, new MachineOptions { Console = console, MemoryBytes = MemoryBytes, Devices = [new TestDevice()] });
        var assembler = new Assembler(64);
        Assemble(assembler);
        var code = new MemoryStream();
        assembler.Assemble(new StreamCodeWriter(code), TinyElf.LoadAddress);
        using FileStream kernel = TinyElf.Open(TinyElf.Build(code.ToArray()));
        machine.LoadKernel(kernel.SafeFileHandle, "tiny", null, "", BootProtocol.Linux64);
        machine.Start();
        long count;
        do
        {
            Assert.True(machine.Memory.TryRead(new GuestAddress(Counter), out count));
        }
        while (count < 10);
        return machine;

        static void Assemble(Assembler a)
        {
            Label again = a.CreateLabel(), bad = a.CreateLabel();
            a.mov(ecx, unchecked((int)KernelGsBase));
            a.mov(eax, 0x12345000);
            a.mov(edx, 0);
            a.wrmsr();
            a.mov(r15, 0x1122334455667788);
            a.mov(ebx, Counter);
            a.Label(ref again);
            a.inc(__qword_ptr[rbx]);
            a.cmp(__qword_ptr[rbx + (Go - Counter)], 0);
            a.je(again);
            a.mov(rax, 0x1122334455667788);
            a.cmp(rax, r15);
            a.jne(bad);
            a.mov(ecx, unchecked((int)KernelGsBase));
            a.rdmsr();
            a.cmp(eax, 0x12345000);
            a.jne(bad);
            a.mov(dx, 0x3f8);
            a.mov(al, (byte)'o');
            a.@out(dx, al);
            a.mov(al, (byte)'k');
            a.@out(dx, al);
            a.Label(ref bad);
            a.mov(dx, 0x604);
            a.mov(al, 0x34);
            a.@out(dx, al);
            a.hlt();
        }
    }

    private async Task<byte[]> SaveCountingGuestAsync(string name)
    {
        using Machine machine = CountingGuest(out _);
        return await SaveAsync(machine, name);
    }

    private Task<byte[]> SaveAsync(Machine machine, string name) => Task.Run(() =>
    {
        machine.Pause();
        using SafeFileHandle memory = File.OpenHandle(MemoryPath(name), FileMode.CreateNew, FileAccess.ReadWrite);
        return machine.Save(_kvm, [], memory);
    });

    private Machine Restore(byte[] state, string name, out ConsoleLog console)
    {
        console = new ConsoleLog(null);
        var machine = new Machine(_kvm, new MachineOptions { Console = console, MemoryBytes = MemoryBytes, Devices = [new TestDevice()], WillRestore = true });
        try
        {
            using SafeFileHandle memory = File.OpenHandle(MemoryPath(name));
            machine.Restore(state, name, memory);
            return machine;
        }
        catch
        {
            machine.Dispose();
            throw;
        }
    }
}
