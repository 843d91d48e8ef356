using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Iced.Intel;
using Pyro.Vmm.Processes;
using Xunit.Abstractions;
using static Iced.Intel.AssemblerRegisters;
using static Pyro.Vmm.Tests.TinyGuest;

namespace Pyro.Vmm.Tests.Snapshots;

/// <summary>
/// Machines saved, restored, forked and killed at random points, over and over, while their guest writes blocks with
/// generation numbers to its disk and reads them back. <c>PYRO_TORTURE_CYCLES</c> and <c>PYRO_TORTURE_SEED</c> make it
/// longer, and another one.
/// </summary>
public sealed class TortureTests(ITestOutputHelper output) : IDisposable
{
    private const int Blocks = 64;
    private const int Table = 0x306000;
    private const int Intent = 0x305000;

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("pyro-torture-").FullName;
    private readonly SortedDictionary<string, int> _counts = [];
    private int _names;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task No_byte_is_wrong_and_no_broken_snapshot_passes_for_a_good_one()
    {
        int cycles = Setting("PYRO_TORTURE_CYCLES", 100), seed = Setting("PYRO_TORTURE_SEED", 20261121);
        var random = new Random(seed);
        var watch = Stopwatch.StartNew();
        SavedMachine current = New();
        await File.WriteAllBytesAsync(current.Disk, new byte[Blocks * 512]);
        await using (VmmProcess first = current.Boot(WriteAndVerify))
        {
            await RunAsync(first, random);
            await SaveAsync(first);
        }

        for (int cycle = 0; cycle < cycles; cycle++)
        {
            try
            {
                current = random.Next(4) switch
                {
                    0 => await GoOnAsync(current, random),
                    1 => await ForkAsync(current, random),
                    2 => await KillWhileSavingAsync(current, random),
                    _ => await KillWhileLoadingAsync(current, random),
                };
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed}, cycle {cycle}: {e.Message}", e);
            }
        }

        output.WriteLine($"{cycles} cycles of seed {seed} in {watch.Elapsed.TotalSeconds:F1} s, generation {Generation(current)}: {string.Join(", ", _counts.Select(c => $"{c.Value} {c.Key}"))}");
    }

    [Fact]
    public async Task The_guest_does_notice_a_wrong_byte()
    {
        SavedMachine saved = New(), next = New();
        await File.WriteAllBytesAsync(saved.Disk, new byte[Blocks * 512]);
        await using (VmmProcess first = saved.Boot(WriteAndVerify))
        {
            await first.Started.WaitAsync(s_limit);
            await SaveAsync(first);
        }

        byte[] disk = await File.ReadAllBytesAsync(saved.Disk);
        for (int block = 0; block < Blocks; block++)
            disk[(block * 512) + 300] ^= 1;
        await File.WriteAllBytesAsync(saved.Disk, disk);
        Assert.Throws<Xunit.Sdk.FalseException>(() => Check(saved));
        await using VmmProcess machine = saved.Restore(next);
        Assert.Equal(MachineExitReason.Shutdown, (await machine.Exited.WaitAsync(s_limit)).Reason);
    }

    private async Task<SavedMachine> GoOnAsync(SavedMachine from, Random random)
    {
        SavedMachine next = New();
        await using (VmmProcess machine = from.Restore(next))
        {
            await RunAsync(machine, random);
            await SaveAsync(machine);
        }

        Check(next);
        Count("saved and restored");
        return Replace(from, next);
    }

    private async Task<SavedMachine> ForkAsync(SavedMachine from, Random random)
    {
        SavedMachine[] forks = [.. Enumerable.Range(0, random.Next(2, 5)).Select(_ => New())];
        VmmProcess[] machines = [.. forks.Select(f => from.Restore(f))];
        foreach (VmmProcess machine in machines)
            await RunAsync(machine, random);
        await Task.WhenAll(machines.Select(SaveAsync));
        foreach (VmmProcess machine in machines)
            await machine.DisposeAsync();

        foreach (SavedMachine fork in forks)
            Check(fork);
        Count("forks", forks.Length);
        SavedMachine chosen = forks[random.Next(forks.Length)];
        foreach (SavedMachine other in forks.Where(f => f != chosen))
            other.Delete();
        return Replace(from, chosen);
    }

    private async Task<SavedMachine> KillWhileSavingAsync(SavedMachine from, Random random)
    {
        SavedMachine next = New();
        Task<MachineSaved> saving;
        await using (VmmProcess machine = from.Restore(next))
        {
            await RunAsync(machine, random);
            saving = machine.SaveAsync();
            await WaitAsync(random, 40);
            machine.Kill();
            await machine.Exited.WaitAsync(s_limit);
        }

        // Whoever kills it may still get its word that the snapshot is complete.
        bool promised = saving.IsCompletedSuccessfully && (await saving).Error is null;
        SavedMachine after = New();
        await using (VmmProcess tried = next.Restore(after))
        {
            try
            {
                await tried.Started.WaitAsync(s_limit);
            }
            catch (VmmException e) when (!promised)
            {
                Assert.Equal("snapshot_failed", e.Code);
                Count("killed while saving and refused");
                next.Delete();
                after.Delete();
                return from;
            }

            Check(next);
            await RunAsync(tried, random);
            await SaveAsync(tried);
        }

        Check(after);
        Count(promised ? "killed after saving" : "killed before saying that it had saved");
        next.Delete();
        return Replace(from, after);
    }

    private async Task<SavedMachine> KillWhileLoadingAsync(SavedMachine from, Random random)
    {
        SavedMachine lost = New();
        await using (VmmProcess machine = from.Restore(lost))
        {
            await WaitAsync(random, 40);
            machine.Kill();
            await machine.Exited.WaitAsync(s_limit);
            Count(machine.Started.IsCompletedSuccessfully ? "killed after loading" : "killed while loading");
        }

        lost.Delete();
        return from;
    }

    // Lets the guest write for a while.
    private static async Task RunAsync(VmmProcess machine, Random random)
    {
        await machine.Started.WaitAsync(s_limit);
        await WaitAsync(random, 40);
        Assert.False(machine.Exited.IsCompleted, machine.Exited.IsCompleted ? $"the guest read wrong bytes: {await machine.Exited}" : null);
    }

    private static async Task SaveAsync(VmmProcess machine)
    {
        Task first = await Task.WhenAny(machine.SaveAsync(), machine.Exited).WaitAsync(s_limit);
        if (first is not Task<MachineSaved> saved)
            throw new InvalidOperationException($"the guest read wrong bytes: {await machine.Exited}");
        Assert.Null((await saved).Error);
    }

    // The guest's memory says what is on its disk; but for the one block that it was writing, which may be old or new.
    private static void Check(SavedMachine machine)
    {
        ReadOnlySpan<ulong> table = Words(machine.Memory, Table, Blocks), intent = Words(machine.Memory, Intent, 2);
        ReadOnlySpan<ulong> disk = Words(machine.Disk, 0, Blocks * DiskGuest.WordsPerSector);
        for (int block = 0; block < Blocks; block++)
        {
            ReadOnlySpan<ulong> words = disk.Slice(block * DiskGuest.WordsPerSector, DiskGuest.WordsPerSector);
            ulong expected = intent[0] == (ulong)block && words[0] == intent[1] ? intent[1] : table[block];
            Assert.False(words.ContainsAnyExcept(expected), $"block {block} has 0x{words[0]:x}, and should have 0x{expected:x}");
        }
    }

    private static ulong Generation(SavedMachine machine) => Words(machine.Memory, Intent, 2)[1] >> 16;

    private static ReadOnlySpan<ulong> Words(string path, long offset, int count)
    {
        using FileStream file = File.OpenRead(path);
        byte[] bytes = new byte[count * sizeof(ulong)];
        file.Position = offset;
        file.ReadExactly(bytes);
        return MemoryMarshal.Cast<byte, ulong>(bytes);
    }

    // Short waits more often than long ones, and to the microsecond: what is to be hit is short.
    private static async Task WaitAsync(Random random, int milliseconds)
    {
        var watch = Stopwatch.StartNew();
        TimeSpan wait = TimeSpan.FromMilliseconds(random.NextDouble() * random.NextDouble() * milliseconds);
        if (wait.TotalMilliseconds > 3)
            await Task.Delay(wait - TimeSpan.FromMilliseconds(2));
        while (watch.Elapsed < wait)
            Thread.Yield();
    }

    private static int Setting(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is string text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    private SavedMachine New() => new(Path.Combine(_folder, $"{_names++}"));

    private static SavedMachine Replace(SavedMachine old, SavedMachine with)
    {
        old.Delete();
        return with;
    }

    private void Count(string what, int by = 1) => _counts[what] = _counts.GetValueOrDefault(what) + by;

    // R12 is the generation, R13 random. A block is full of its generation and its own number; the table says of each
    // block what it is full of.
    private static void WriteAndVerify(Assembler a)
    {
        Label again = a.CreateLabel(), wrong = a.CreateLabel();
        DiskGuest.Start(a);
        a.xor(r12d, r12d);
        a.mov(r13d, 1);
        a.Label(ref again);
        a.inc(r12);
        ChooseBlock(a);
        a.mov(rax, r12);
        a.shl(rax, 16);
        a.or(rax, r8);
        a.mov(r14, rax);
        a.mov(__qword_ptr[Intent], r8);
        a.mov(__qword_ptr[Intent + 8], r14);
        DiskGuest.FillData(a);
        DiskGuest.WriteSector(a, wrong);
        a.mov(__qword_ptr[(r8 * 8) + Table], r14);

        ChooseBlock(a);
        DiskGuest.ReadSector(a, wrong);
        a.mov(rax, __qword_ptr[(r8 * 8) + Table]);
        a.mov(edi, DiskGuest.Data);
        a.mov(ecx, DiskGuest.WordsPerSector);
        a.repe.scasq();
        a.je(again);
        a.Label(ref wrong);
        PowerOff(a);

        static void ChooseBlock(Assembler a)
        {
            a.imul(r13, r13, 1103515245);
            a.add(r13, 12345);
            a.mov(r8, r13);
            a.shr(r8, 16);
            a.and(r8, Blocks - 1);
        }
    }
}
