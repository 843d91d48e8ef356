using Pyro.Vmm.Memory;
using Pyro.Vmm.Virtio;

namespace Pyro.Vmm.Tests.Virtio;

/// <summary>A driver that is right, nearly right, or malicious at random; each of its requests is one case.</summary>
public sealed class VirtQueueRandomTests
{
    private const ulong IndirectTable = 0x40000;

    [Theory]
    [InlineData(1, 8, 8, true)]
    [InlineData(2, 16, 16, true)]
    [InlineData(3, 4, 32, true)]
    [InlineData(4, 64, 64, false)]
    public void The_queue_agrees_with_its_model_on_hostile_chains(int seed, int size, int maxChain, bool indirect)
    {
        const int Cases = 40_000;
        Random random = new(seed);
        ulong features = indirect ? VirtioFeatures.Transport : VirtioFeatures.VIRTIO_F_VERSION_1;
        using QueueBench bench = new((ushort)size, features, (ushort)maxChain);
        ulong host = (ulong)bench.Memory.Regions[0].Host;
        int broken = 0;
        int taken = 0;
        for (int i = 0; i < Cases; i++)
        {
            int head = WriteChain(bench.Driver, random, size, hostile: random.Next(2) == 0);
            bench.Driver.Publish(head);
            List<VirtQueueModel.Piece>? expected = VirtQueueModel.Walk(bench.Driver, QueueBench.MemorySize, maxChain, indirect, head);

            bool popped = bench.Queue.TryPop(out DescriptorChain chain);
            if (popped != expected is not null)
                Assert.Fail($"case {i} of seed {seed}: the queue says {popped}: {bench.Transport.NeedsReset}");
            if (expected is null)
            {
                broken++;
                Assert.NotNull(bench.Transport.NeedsReset);
                bench.Restart();
                continue;
            }

            taken++;
            Assert.Equal(head, chain.Head);
            Assert.Equal(Of(expected, false), Of(chain.Readable, host));
            Assert.Equal(Of(expected, true), Of(chain.Writable, host));
            uint written = (uint)random.Next();
            bench.Queue.AddUsed(chain.Head, written);
            bench.Queue.NotifyUsed();
            Assert.True(bench.Driver.TryTakeUsed(out uint id, out uint length));
            Assert.Equal(((uint)head, written), (id, length));
        }

        // Both kinds must be there in numbers, or the cases prove little.
        Assert.InRange(broken, Cases / 20, Cases);
        Assert.InRange(taken, Cases / 20, Cases);
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    public void Random_bytes_for_a_queue_do_no_harm(int seed)
    {
        Random random = new(seed);
        using QueueBench bench = new(size: 16);
        uint length = (uint)(bench.Driver.End - bench.Driver.Layout.DescriptorArea.Value);
        int broken = 0;
        for (int i = 0; i < 20_000; i++)
        {
            bench.Restart();
            random.NextBytes(bench.Memory.GetSpan(bench.Driver.Layout.DescriptorArea, length));
            ushort available = bench.Driver.AvailableIndex;
            int pops = 0;
            while (bench.Queue.TryPop(out DescriptorChain chain))
            {
                Assert.True(++pops <= 16);
                bench.Queue.AddUsed(chain.Head, chain.WritableLength);
                bench.Queue.NotifyUsed();
            }

            Assert.Equal(available != 0 && pops < available, bench.Queue.IsBroken);
            broken += bench.Queue.IsBroken ? 1 : 0;
        }

        Assert.InRange(broken, 19_000, 20_000);
    }

    [Fact]
    public void Many_requests_under_way_come_back_each_with_its_own_length()
    {
        const int Size = 32;
        Random random = new(5);
        using QueueBench bench = new(Size, start: 65000);
        Stack<int> free = new(Enumerable.Range(0, Size));
        Dictionary<uint, uint> expected = [];
        List<ushort> held = [];
        int done = 0;
        for (int i = 0; i < 100_000; i++)
        {
            switch (random.Next(4))
            {
                case 0 or 1 when free.Count != 0:
                    int head = free.Pop();
                    bench.Driver.Describe(head, 0x10000 + (ulong)head, (uint)head + 1, MockDriver.Write);
                    bench.Driver.Publish(head);
                    break;
                case 2 when bench.Queue.TryPop(out DescriptorChain chain):
                    Assert.Equal(chain.Head + 1u, chain.WritableLength);
                    held.Add(chain.Head);
                    break;
                case 3 when held.Count != 0:
                    int which = random.Next(held.Count);
                    uint length = (uint)random.Next();
                    expected.Add(held[which], length);
                    bench.Queue.AddUsed(held[which], length);
                    held.RemoveAt(which);
                    while (bench.Driver.TryTakeUsed(out uint id, out uint got))
                    {
                        Assert.True(expected.Remove(id, out uint should));
                        Assert.Equal(should, got);
                        free.Push((int)id);
                        done++;
                    }

                    break;
            }
        }

        Assert.Null(bench.Transport.NeedsReset);
        Assert.InRange(done, 15_000, 100_000);
    }

    /// <summary>The rule the driver's side of Linux goes by (vring_need_event), over every way two indices can lie.</summary>
    [Fact]
    public void Interrupts_come_exactly_when_the_drivers_event_is_passed()
    {
        Random random = new(6);
        using QueueBench bench = new(size: 64);
        bench.Queue.AddUsed(0, 0);
        bench.Queue.NotifyUsed();
        ushort before = 1;
        for (int i = 0; i < 100_000; i++)
        {
            int count = random.Next(0, 64);
            ushort wanted = (ushort)(before + random.Next(-100, 100));
            bench.Driver.UsedEvent = wanted;
            for (int n = 0; n < count; n++)
                bench.Queue.AddUsed(0, 0);
            int signals = bench.Transport.UsedSignals;
            bench.Queue.NotifyUsed();
            bool passed = Enumerable.Range(0, count).Any(n => (ushort)(before + n) == wanted);
            if (passed != (bench.Transport.UsedSignals != signals))
                Assert.Fail($"from {before}, {count} used, event {wanted}");
            before = (ushort)(before + count);
        }
    }

    private static string Of(IEnumerable<VirtQueueModel.Piece> pieces, bool writable) =>
        string.Join(' ', pieces.Where(piece => piece.Writable == writable).Select(piece => $"{piece.Address:x}+{piece.Length:x}"));

    private static string Of(ReadOnlySpan<IoVector> pieces, ulong host)
    {
        List<string> texts = [];
        foreach (IoVector piece in pieces)
            texts.Add($"{(ulong)piece.Base - host:x}+{piece.Length:x}");
        return string.Join(' ', texts);
    }

    private static int WriteChain(MockDriver driver, Random random, int size, bool hostile)
    {
        int[] order = Enumerable.Range(0, size).ToArray();
        random.Shuffle(order);
        int direct = random.Next(1, Math.Min(size, 8) + 1);
        int inTable = random.Next(2) == 0 ? 0 : random.Next(1, 12);
        int total = direct + inTable;
        int firstWritable = random.Next(0, total + 1);
        for (int i = 0; i < direct; i++)
        {
            bool last = i == direct - 1;
            if (last && inTable != 0)
            {
                driver.Describe(order[i], IndirectTable, (uint)inTable * 16, MockDriver.Indirect);
                break;
            }

            WritePiece(driver.Layout.DescriptorArea.Value, order[i], i >= firstWritable, last ? -1 : order[i + 1]);
        }

        for (int i = 0; i < inTable; i++)
            WritePiece(IndirectTable, i, direct + i >= firstWritable, i == inTable - 1 ? -1 : i + 1);

        if (hostile)
        {
            for (int n = random.Next(1, 3); n > 0; n--)
                Damage();
        }

        return hostile && random.Next(20) == 0 ? random.Next(65536) : order[0];

        void WritePiece(ulong table, int index, bool writable, int next) =>
            driver.Describe(
                table, index, 0x50000 + (ulong)random.Next(0x10000), (uint)random.Next(0, 5000),
                (writable ? MockDriver.Write : 0) | (next >= 0 ? MockDriver.Next : 0), Math.Max(next, 0));

        void Damage()
        {
            ulong at = inTable != 0 && random.Next(2) == 0
                ? IndirectTable + (16UL * (uint)random.Next(inTable))
                : driver.Layout.DescriptorArea.Value + (16UL * (uint)order[random.Next(direct)]);
            switch (random.Next(6))
            {
                case 0:
                    driver.Put(at, (ulong)random.NextInt64(long.MinValue, long.MaxValue));
                    break;
                case 1:
                    driver.Put(at, QueueBench.MemorySize - (ulong)random.Next(0, 6000));
                    break;
                case 2:
                    driver.Put(at + 8, random.Next(2) == 0 ? uint.MaxValue - (uint)random.Next(64) : (uint)random.Next(0, 64));
                    break;
                case 3:
                    driver.Put(at + 12, (ushort)random.Next(random.Next(2) == 0 ? 8 : 65536));
                    break;
                case 4:
                    driver.Put(at + 14, (ushort)random.Next(random.Next(2) == 0 ? size + 2 : 65536));
                    break;
                default:
                    driver.Put(at + 12, (ushort)(driver.Get<ushort>(at + 12) | MockDriver.Next));
                    break;
            }
        }
    }
}
