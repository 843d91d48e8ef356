using Iced.Intel;
using Microsoft.Win32.SafeHandles;
using Pyro.Vmm.Memory;
using Pyro.Vmm.Snapshots;
using Pyro.Vmm.Tests.Virtio;
using static Iced.Intel.AssemblerRegisters;

namespace Pyro.Vmm.Tests.Snapshots;

/// <summary>
/// The pages that machines of a snapshot write to first, noted by one and copied ahead by others. The guest writes to every
/// second of some pages, over and over; all of them have something in them.
/// </summary>
[Collection(AloneCollection.Name)]
public sealed class WorkingSetTests : LiveTest
{
    private const ulong MemoryBytes = 64 << 20;
    private const int FirstPage = 0x300000;
    private const int Pages = 8;
    private const int Stride = 2 * 4096;

    private static readonly ulong[] s_written = [.. Enumerable.Range(0, Pages).Select(i => (ulong)(FirstPage + (i * Stride)))];

    [Fact]
    public async Task One_machine_notes_what_it_writes_to_and_another_has_it_before_it_starts()
    {
        using Machine source = Start();
        (LiveSnapshot snapshot, SafeFileHandle memory) = await SaveAsync(source);

        using Machine first = Restored(snapshot, memory, MemoryBytes, new TestDevice());
        Assert.Empty(CopiedBy(first).Intersect(s_written));
        long before = NumberAt(first, FirstPage);
        first.Start();
        await UntilAsync(first, FirstPage, before + 10);
        first.Pause();
        SafeFileHandle file = NewFile();
        using (SafeFileHandle pageMap = WorkingSet.OpenPageMap())
            first.NoteWorkingSet(file, pageMap);
        Assert.Equal(s_written, PagesOf(file).Where(page => page is >= FirstPage and < FirstPage + (Pages * Stride)));

        using Machine second = Restored(snapshot, memory, MemoryBytes, new TestDevice());
        WorkingSet.Prefetch(file, second.Memory);
        Assert.Equal(PagesOf(file), CopiedBy(second));
        Assert.Equal(before, NumberAt(second, FirstPage));
        second.Start();
        await UntilAsync(second, FirstPage, before + 10);
    }

    [Fact]
    public void A_file_with_any_byte_changed_or_cut_off_counts_for_nothing()
    {
        byte[] whole = WorkingSet.ToBytes([new PageRange(0x1000, 0x2000), new PageRange(0x8000, 0x1000)]);
        Assert.Equal(2, WorkingSet.Parse(whole).Length);
        for (int at = 0; at < whole.Length; at++)
        {
            byte[] damaged = (byte[])whole.Clone();
            damaged[at] ^= 1;
            Assert.Equal(0, WorkingSet.Parse(damaged).Length);
            Assert.Equal(0, WorkingSet.Parse(whole.AsSpan(0, at)).Length);
        }
    }

    [Theory]
    [InlineData(0x1001, 0x1000)]
    [InlineData(0x1000, 0x1001)]
    [InlineData(0, WorkingSet.MostBytes + 4096)]
    [InlineData(0, ulong.MaxValue - 4095)]
    public void A_file_that_was_made_up_to_take_the_hosts_memory_counts_for_nothing(ulong address, ulong length)
    {
        Assert.Equal(0, WorkingSet.Parse(WorkingSet.ToBytes([new PageRange(address, length)])).Length);
        Assert.Equal(0, WorkingSet.Parse(WorkingSet.ToBytes([new PageRange(0, WorkingSet.MostBytes), new PageRange(address & ~4095UL, 4096)])).Length);
    }

    [Fact]
    public void Ranges_that_are_no_guest_memory_are_passed_over()
    {
        using GuestMemory memory = GuestMemory.Create(MemoryBytes);
        SafeFileHandle file = NewFile();
        RandomAccess.Write(file, WorkingSet.ToBytes([new PageRange(MemoryBytes, 4096), new PageRange(MemoryBytes - 4096, 8192), new PageRange(ulong.MaxValue - 4095, 4096)]), 0);

        WorkingSet.Prefetch(file, memory);

        Assert.True(memory.TryRead(new GuestAddress(0), out long zero));
        Assert.Equal(0, zero);
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
            a.add(rbx, Stride);
            a.dec(ecx);
            a.jne(page);
            a.jmp(round);
        });
        machine.Memory.GetSpan(new GuestAddress(FirstPage), Pages * Stride).Fill(1);
        machine.Start();
        Assert.True(SpinWait.SpinUntil(() => NumberAt(machine, FirstPage + ((Pages - 1) * Stride)) is > 2 and < 1_000_000_000, s_limit));
        return machine;
    }

    private ulong[] CopiedBy(Machine machine)
    {
        SafeFileHandle file = NewFile();
        using SafeFileHandle pageMap = WorkingSet.OpenPageMap();
        machine.NoteWorkingSet(file, pageMap);
        return PagesOf(file);
    }

    private static ulong[] PagesOf(SafeFileHandle file)
    {
        byte[] bytes = new byte[RandomAccess.GetLength(file)];
        RandomAccess.Read(file, bytes, 0);
        var pages = new List<ulong>();
        foreach (PageRange range in WorkingSet.Parse(bytes))
        {
            for (ulong at = 0; at < range.Length; at += GuestMemory.PageSize)
                pages.Add(range.Address + at);
        }

        return [.. pages];
    }
}
