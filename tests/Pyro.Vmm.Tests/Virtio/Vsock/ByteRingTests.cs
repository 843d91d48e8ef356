using Pyro.Vmm.Memory;
using Pyro.Vmm.Virtio.Vsock;

namespace Pyro.Vmm.Tests.Virtio.Vsock;

public sealed class ByteRingTests
{
    [Fact]
    public unsafe void Bytes_come_out_in_the_order_they_went_in()
    {
        using var memory = new RingMemory(4096);
        var ring = new ByteRing(memory);
        var expected = new Queue<byte>();
        var random = new Random(7);
        byte[] data = new byte[4096];
        IoVector[] pieces = new IoVector[2];
        for (int round = 0; round < 2_000; round++)
        {
            int count = random.Next(0, (int)(4096 - ring.Count) + 1);
            random.NextBytes(data.AsSpan(0, count));
            fixed (byte* first = data)
            {
                int cut = random.Next(0, count + 1);
                ring.Append([new IoVector((nint)first, (nuint)cut), new IoVector((nint)(first + cut), (nuint)(count - cut))]);
            }

            foreach (byte value in data.AsSpan(0, count))
                expected.Enqueue(value);

            int used = ring.Pieces(pieces);
            Assert.Equal(ring.Count, IoVector.TotalLength(pieces.AsSpan(0, used)));
            uint take = (uint)random.Next(0, (int)ring.Count + 1);
            uint left = take;
            foreach (IoVector piece in pieces.AsSpan(0, used))
            {
                int part = (int)Math.Min(left, (uint)piece.Length);
                foreach (byte value in new ReadOnlySpan<byte>((byte*)piece.Base, part))
                    Assert.Equal(expected.Dequeue(), value);
                left -= (uint)part;
            }

            ring.Consume(take);
            Assert.Equal((uint)expected.Count, ring.Count);
        }

        ring.Clear();
    }

    [Fact]
    public unsafe void More_than_the_block_is_refused()
    {
        using var memory = new RingMemory(4096);
        var ring = new ByteRing(memory);
        byte[] data = new byte[4097];
        fixed (byte* first = data)
        {
            IoVector[] pieces = [new IoVector((nint)first, 4097)];
            Assert.Throws<InvalidOperationException>(() => ring.Append(pieces));
        }

        Assert.Equal(0u, ring.Count);
    }
}
