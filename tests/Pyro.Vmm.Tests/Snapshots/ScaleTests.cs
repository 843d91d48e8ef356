using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Iced.Intel;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Kvm.Native;
using Pyro.Vmm.Processes;
using Pyro.Vmm.Tests.Processes;
using Xunit.Abstractions;
using static Iced.Intel.AssemblerRegisters;

namespace Pyro.Vmm.Tests.Snapshots;

/// <summary>
/// Many machines of one snapshot at once, each in a process of its own. Their guest waits until the first sector of its
/// disk has a number, which is the machine's own, counts the pages that are as the snapshot has them, writes its number
/// into each, and says number and count on the second sector.
/// </summary>
[Collection(AloneCollection.Name)]
public sealed class ScaleTests(ITestOutputHelper output) : IDisposable
{
    private const int Machines = 200;
    private const long MostPrivateKib = 8 << 10;
    private const int Cells = 0x310000;
    private const int CellCount = 64;
    private const int PageSize = 4096;
    private const int Untouched = 0x5afe;

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(120);

    private readonly string _folder = Directory.CreateTempSubdirectory("pyro-scale-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Two_hundred_machines_of_one_snapshot_are_each_themselves_and_leave_nothing()
    {
        SavedMachine snapshot = await TakeSnapshotAsync();
        byte[] memory = await File.ReadAllBytesAsync(snapshot.Memory);
        Traces before = Traces.Now();

        SavedMachine[] files = [.. Enumerable.Range(1, Machines).Select(i => new SavedMachine(Path.Combine(_folder, $"{i}")))];
        var watch = Stopwatch.StartNew();
        VmmProcess[] machines = [.. files.Select((f, i) => Launch(snapshot, f, number: i + 1))];
        try
        {
            foreach (VmmProcess machine in machines)
                await machine.Started.WaitAsync(s_limit);
            TimeSpan started = watch.Elapsed;
            for (int i = 0; i < Machines; i++)
                Assert.Equal((i + 1, CellCount), await AnswerAsync(machines[i], files[i]));
            output.WriteLine($"{Machines} machines started in {started.TotalSeconds:F2} s, answered in {watch.Elapsed.TotalSeconds:F2} s: {Machines / watch.Elapsed.TotalSeconds:F0} a second");

            MeasureMemory(machines);

            // All have written by now. What each has in its memory is what it wrote itself.
            for (int i = 0; i < Machines; i++)
            {
                Assert.Null((await machines[i].SaveAsync().WaitAsync(s_limit)).Error);
                AssertCells(files[i], number: i + 1);
            }

            Assert.All(machines, m => Assert.False(m.Exited.IsCompleted));
        }
        finally
        {
            foreach (VmmProcess machine in machines)
                machine.Stop();
            foreach (VmmProcess machine in machines)
            {
                await VmmProcessTests.GoneAsync(machine.ProcessId);
                await machine.DisposeAsync();
            }
        }

        Assert.Empty(Directory.EnumerateDirectories(_folder));
        await Traces.AreAsBeforeAsync(before, s_limit);
        Assert.Equal(memory, await File.ReadAllBytesAsync(snapshot.Memory));
    }

    private async Task<SavedMachine> TakeSnapshotAsync()
    {
        var snapshot = new SavedMachine(Path.Combine(_folder, "snapshot"));
        await File.WriteAllBytesAsync(snapshot.Disk, new byte[2 * 512]);
        await using VmmProcess machine = snapshot.Boot(WaitForNumber);
        Assert.Equal((0, Untouched), await AnswerAsync(machine, snapshot));
        Assert.Null((await machine.SaveAsync().WaitAsync(s_limit)).Error);
        return snapshot;
    }

    private static VmmProcess Launch(SavedMachine snapshot, SavedMachine files, int number)
    {
        string folder = Directory.CreateDirectory(files.Path).FullName;
        byte[] disk = new byte[2 * 512];
        MemoryMarshal.Write(disk, (long)number);
        File.WriteAllBytes(files.Disk, disk);
        return snapshot.RestoreOn(files, config => config with { RuntimeFolder = folder });
    }

    // The second sector, when it has been written.
    private static async Task<(long Number, long Count)> AnswerAsync(VmmProcess machine, SavedMachine files)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            (long number, long count) = ReadAnswer(files);
            if (count != 0)
                return (number, count);
            Assert.False(machine.Exited.IsCompleted, "a machine was lost");
            Assert.True(watch.Elapsed < s_limit, "a machine does not answer");
            await Task.Delay(2);
        }
    }

    private static (long Number, long Count) ReadAnswer(SavedMachine files)
    {
        // The machine has the disk locked, and .NET would ask for a lock.
        using var handle = new SafeFileHandle(Libc.open(files.Disk, Uapi.O_RDONLY | Uapi.O_CLOEXEC), ownsHandle: true);
        Span<long> answer = stackalloc long[2];
        RandomAccess.Read(handle, MemoryMarshal.AsBytes(answer), 512);
        return (answer[0], answer[1]);
    }

    private void MeasureMemory(VmmProcess[] machines)
    {
        if (Libc.geteuid() != 0)
        {
            output.WriteLine("memory is not measured: only root may look into a VMM process");
            return;
        }

        long[] kib = [.. machines.Select(m => PrivateDirtyKib(m.ProcessId)).Order()];
        output.WriteLine($"private memory of a machine's process: median {kib[Machines / 2]} KiB, most {kib[^1]} KiB");
        Assert.InRange(kib[^1], 1, MostPrivateKib);
    }

    private static long PrivateDirtyKib(int pid)
    {
        string line = File.ReadLines($"/proc/{pid}/smaps_rollup").First(l => l.StartsWith("Private_Dirty:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    private static void AssertCells(SavedMachine files, int number)
    {
        using FileStream memory = File.OpenRead(files.Memory);
        Span<long> cell = stackalloc long[1];
        for (int i = 0; i < CellCount; i++)
        {
            memory.Position = Cells + (i * PageSize);
            memory.ReadExactly(MemoryMarshal.AsBytes(cell));
            Assert.Equal(number, cell[0]);
        }
    }

    private static void WaitForNumber(Assembler a)
    {
        Label wait = a.CreateLabel(), count = a.CreateLabel(), other = a.CreateLabel(), failed = a.CreateLabel();
        DiskGuest.Start(a);
        a.mov(esi, Cells);
        for (int i = 0; i < CellCount; i++)
            a.mov(__qword_ptr[rsi + (i * PageSize)], Untouched);
        a.xor(r12d, r12d);
        a.mov(r13d, Untouched);
        Answer(a, failed);

        a.Label(ref wait);
        a.xor(r8d, r8d);
        DiskGuest.ReadSector(a, failed);
        a.mov(r12, __qword_ptr[DiskGuest.Data]);
        a.test(r12, r12);
        a.je(wait);

        a.xor(r13d, r13d);
        a.mov(ecx, CellCount);
        a.mov(esi, Cells);
        a.Label(ref count);
        a.cmp(__qword_ptr[rsi], Untouched);
        a.jne(other);
        a.inc(r13);
        a.Label(ref other);
        a.mov(__qword_ptr[rsi], r12);
        a.add(rsi, PageSize);
        a.dec(ecx);
        a.jne(count);
        Answer(a, failed);
        a.Label(ref failed);
        a.hlt();
        a.jmp(failed);

        static void Answer(Assembler a, Label failed)
        {
            a.mov(__qword_ptr[DiskGuest.Data], r12);
            a.mov(__qword_ptr[DiskGuest.Data + 8], r13);
            a.mov(r8d, 1);
            DiskGuest.WriteSector(a, failed);
        }
    }

    /// <summary>What machines could leave in the system.</summary>
    private sealed record Traces(string Descriptors, string Children, string Mounts)
    {
        internal static Traces Now() => new(
            Lines(Directory.EnumerateFiles("/proc/self/fd").Select(f => new FileInfo(f).LinkTarget ?? "").Where(t => !t.StartsWith("/proc/", StringComparison.Ordinal))),
            Lines(Directory.EnumerateDirectories("/proc/self/task").SelectMany(t => Read($"{t}/children").Split(' '))),
            Lines(Read("/proc/self/mountinfo").Split('\n').Where(m => m.Contains("pyro", StringComparison.Ordinal))));

        // The end of a process is noticed on a thread of its own, which then closes what belonged to it.
        internal static async Task AreAsBeforeAsync(Traces before, TimeSpan limit)
        {
            var watch = Stopwatch.StartNew();
            while (Now() != before && watch.Elapsed < limit)
                await Task.Delay(10);
            Assert.Equal(before, Now());
        }

        private static string Lines(IEnumerable<string> lines) => string.Join('\n', lines.Where(l => l.Length > 0).Order(StringComparer.Ordinal));

        private static string Read(string path)
        {
            try
            {
                return File.ReadAllText(path);
            }
            catch (IOException)
            {
                return ""; // a thread that has ended
            }
        }
    }
}
