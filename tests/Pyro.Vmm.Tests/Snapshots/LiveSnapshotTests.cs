using Iced.Intel;
using Microsoft.Win32.SafeHandles;
using Pyro.Vmm.Memory;
using Pyro.Vmm.Snapshots;
using Pyro.Vmm.Tests.Disks;
using Pyro.Vmm.Tests.Virtio;
using Xunit.Abstractions;
using static Iced.Intel.AssemblerRegisters;
using static Pyro.Vmm.Tests.TinyGuest;

namespace Pyro.Vmm.Tests.Snapshots;

/// <summary>
/// Snapshots of running machines on this host's own <c>/dev/kvm</c>. The guest goes round over its pages and writes the
/// round's number into one after the other, so no page is ever ahead of the one before it, nor more than one behind.
/// </summary>
[Collection(AloneCollection.Name)]
public sealed class LiveSnapshotTests(ITestOutputHelper output) : LiveTest
{
    private const ulong MemoryBytes = 128 << 20;
    private const int Pages = 16;
    private const int FirstPage = 0x300000;
    private const int Go = 0x200000;
    private const ulong NoiseAt = 32 << 20;
    private const int NoiseLength = 96 << 20;

    [Fact]
    public async Task A_snapshot_is_of_one_instant_and_the_machine_goes_on_while_it_is_written()
    {
        using Machine source = Start();
        long before = 0;
        for (int i = 0; i < 5; i++)
        {
            (LiveSnapshot snapshot, SafeFileHandle memory) = await SaveAsync(source);
            long after = Round(source);
            output.WriteLine($"paused {snapshot.Pause.TotalMicroseconds:F0} us, copied for {snapshot.Copy.TotalMicroseconds:F0} us, {after - before} rounds");
            Assert.True(snapshot.MemoryWrittenLive);
            using Machine child = Restore(snapshot, memory);
            long[] rounds = Rounds(child);
            Assert.InRange(rounds[0] - rounds[^1], 0, 1);
            Assert.True(rounds.Zip(rounds.Skip(1)).All(pair => pair.First >= pair.Second), string.Join(' ', rounds));
            // What the machine did while its memory was written; one page a round is what pausing would leave it.
            Assert.InRange(rounds[0], before + 1, after - 10);
            before = after;

            // The processor knows which page is next, and the memory too: if they were of two moments, a page would be left out.
            child.Start();
            long[] end = await FinishAsync(child);
            Assert.All(end, round => Assert.Equal(end[0], round));
            Assert.True(end[0] >= rounds[0]);
        }

        await FinishAsync(source);
    }

    [Fact]
    public async Task The_pause_does_not_grow_with_what_is_to_be_written()
    {
        using Machine source = Start();
        source.Memory.GetSpan(new GuestAddress(NoiseAt), NoiseLength).Clear();
        TimeSpan little = TimeSpan.MaxValue;
        for (int i = 0; i < 5; i++)
            little = Least(little, (await SaveAsync(source)).Snapshot.Pause);

        // Turn by turn: another load of the host meets both.
        Noise(source);
        TimeSpan live = TimeSpan.MaxValue, paused = TimeSpan.MaxValue;
        for (int i = 0; i < 7; i++)
        {
            live = Least(live, (await SaveAsync(source)).Snapshot.Pause);
            long begin = System.Diagnostics.Stopwatch.GetTimestamp();
            await Task.Run(() =>
            {
                source.Pause();
                source.Save(Kvm, [], NewFile());
                source.Resume();
            });
            paused = Least(paused, System.Diagnostics.Stopwatch.GetElapsedTime(begin));
        }

        output.WriteLine($"pause: {little.TotalMicroseconds:F0} us with little, {live.TotalMicroseconds:F0} us with 96 MiB of noise; saved while paused: {paused.TotalMicroseconds:F0} us");
        Assert.True(live < paused / 2, $"{live} of {paused}");

        static TimeSpan Least(TimeSpan a, TimeSpan b) => a < b ? a : b;
    }

    [Fact]
    public async Task Children_of_children_go_on_from_where_their_parent_was()
    {
        Machine machine = Start();
        long round = 0;
        for (int generation = 1; generation <= 3; generation++)
        {
            (LiveSnapshot snapshot, SafeFileHandle memory) = await SaveAsync(machine);
            Assert.True(snapshot.MemoryWrittenLive);
            machine.Dispose();
            machine = Restore(snapshot, memory);
            long inherited = Round(machine);
            Assert.True(inherited > round, $"generation {generation} begins at round {inherited}, its parent at {round}");
            machine.Start();
            await UntilAsync(machine, inherited + 10);
            AssertNoise(machine);
            round = inherited;
        }

        await FinishAsync(machine);
        machine.Dispose();
    }

    [Fact]
    public async Task Source_and_children_write_to_memory_of_their_own()
    {
        const int mark = 0x210000;
        using Machine source = Start();
        source.Memory.TryWrite(new GuestAddress(mark), 1000L);
        (LiveSnapshot snapshot, SafeFileHandle memory) = await SaveAsync(source);
        Machine[] children = [.. Enumerable.Range(0, 4).Select(_ => Restore(snapshot, memory))];
        try
        {
            foreach (Machine child in children)
                child.Start();
            for (int i = 0; i < children.Length; i++)
                children[i].Memory.TryWrite(new GuestAddress(mark), (long)i);
            source.Memory.TryWrite(new GuestAddress(mark), 2000L);
            await UntilAsync(source, Round(source) + 10);
            for (int i = 0; i < children.Length; i++)
            {
                await UntilAsync(children[i], Round(children[i]) + 10);
                Assert.True(children[i].Memory.TryRead(new GuestAddress(mark), out long own));
                Assert.Equal(i, own);
            }

            Assert.True(source.Memory.TryRead(new GuestAddress(mark), out long sources));
            Assert.Equal(2000, sources);
            using Machine late = Restore(snapshot, memory);
            Assert.True(late.Memory.TryRead(new GuestAddress(mark), out long saved));
            Assert.Equal(1000, saved);
            await FinishAsync(source);
            await Task.WhenAll(children.Select(FinishAsync));
        }
        finally
        {
            foreach (Machine child in children)
                child.Dispose();
        }
    }

    [Fact]
    public async Task A_memory_file_that_cannot_be_written_costs_the_snapshot_and_not_the_machine()
    {
        using Machine source = Start();
        using SafeFileHandle readOnly = TestDisk.Reopen(TestDisk.NewFile(MemoryBytes), writable: false);
        await Assert.ThrowsAnyAsync<Exception>(() => Task.Run(() => source.SaveLive(Kvm, [], readOnly, [])));
        await UntilAsync(source, Round(source) + 10);
        (LiveSnapshot snapshot, SafeFileHandle memory) = await SaveAsync(source);
        using Machine child = Restore(snapshot, memory);
        child.Start();
        await FinishAsync(child);
        await FinishAsync(source);
    }

    private Machine Start()
    {
        Machine machine = NewMachine(MemoryBytes, new TestDevice());
        Load(machine, a =>
        {
            Label round = a.CreateLabel(), page = a.CreateLabel();
            a.mov(eax, 0);
            a.Label(ref round);
            a.inc(rax);
            a.mov(ebx, FirstPage);
            a.mov(ecx, Pages);
            a.Label(ref page);
            a.mov(__qword_ptr[rbx], rax);
            a.add(rbx, 4096);
            a.dec(ecx);
            a.jne(page);
            a.cmp(__qword_ptr[Go], 0);
            a.je(round);
            PowerOff(a);
        });
        Noise(machine);
        machine.Start();
        Assert.True(SpinWait.SpinUntil(() => Round(machine) > 2, s_limit));
        return machine;
    }

    private static void Noise(Machine machine) => new Random(1).NextBytes(machine.Memory.GetSpan(new GuestAddress(NoiseAt), NoiseLength));

    private static void AssertNoise(Machine machine)
    {
        byte[] expected = TestDisk.RandomBytes(new Random(1), NoiseLength);
        Assert.True(expected.AsSpan().SequenceEqual(machine.Memory.GetSpan(new GuestAddress(NoiseAt), NoiseLength)));
    }

    private Machine Restore(LiveSnapshot snapshot, SafeFileHandle memory) => Restored(snapshot, memory, MemoryBytes, new TestDevice());

    private static long Round(Machine machine) => NumberAt(machine, FirstPage);

    private static long[] Rounds(Machine machine) => [.. Enumerable.Range(0, Pages).Select(page => NumberAt(machine, FirstPage + ((ulong)page * 4096)))];

    private static Task UntilAsync(Machine machine, long round) => UntilAsync(machine, FirstPage, round);

    private static async Task<long[]> FinishAsync(Machine machine)
    {
        machine.Memory.TryWrite(new GuestAddress(Go), 1L);
        Assert.Equal(MachineExitReason.Shutdown, (await machine.Exited.WaitAsync(s_limit)).Reason);
        return Rounds(machine);
    }
}
