using System.Buffers.Binary;
using Pyro.Kvm.Native;
using Pyro.Vmm.Disks;
using Pyro.Vmm.Memory;
using Pyro.Vmm.Tests.Disks;
using Pyro.Vmm.Virtio;
using Pyro.Vmm.Virtio.Block;

namespace Pyro.Vmm.Tests.Virtio.Block;

/// <summary>Random requests, cut into random pieces, some of them wrong; an array is the disk that should come of it.</summary>
public sealed class BlockRandomTests
{
    private const int Sectors = 300;
    private const ulong PoolStart = 0x20000;
    private const int PoolLength = 0x80000;

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    public void The_device_agrees_with_an_array(int seed, bool overlay)
    {
        const int Cases = 10_000;
        Random random = new(seed);
        byte[] model = TestDisk.RandomBytes(random, Sectors * 512);
        IDiskBackend disk = overlay
            ? OverlayDisk.Create(TestDisk.NewFile(), "top", TestDisk.ReadOnlyDisk(model))
            : new RawDisk(TestDisk.NewFile(model), "disk.img", readOnly: false);
        using BlockBench bench = new(disk);
        int[] statuses = new int[3];
        for (int i = 0; i < Cases; i++)
        {
            uint type = (uint)random.Next(10) switch
            {
                < 4 => Uapi.VIRTIO_BLK_T_IN,
                < 7 => Uapi.VIRTIO_BLK_T_OUT,
                7 => Uapi.VIRTIO_BLK_T_WRITE_ZEROES,
                8 => Uapi.VIRTIO_BLK_T_DISCARD,
                _ => (uint)random.Next(16),
            };
            ulong sector = random.Next(30) == 0 ? (ulong)random.NextInt64(long.MinValue, long.MaxValue) : (ulong)random.Next(Sectors);
            bool ranges = type is Uapi.VIRTIO_BLK_T_WRITE_ZEROES or Uapi.VIRTIO_BLK_T_DISCARD;
            int length = ranges ? random.Next(0, 18) * 16 : random.Next(0, 40) * 512;
            if (random.Next(30) == 0)
                length += random.Next(512);
            byte[] data = TestDisk.RandomBytes(random, length);
            if (ranges)
                FillRanges(data, random);

            bool deviceWrites = type is Uapi.VIRTIO_BLK_T_IN or Uapi.VIRTIO_BLK_T_GET_ID;
            byte[] header = new byte[16];
            BinaryPrimitives.WriteUInt32LittleEndian(header, type);
            BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(8), sector);
            byte[] readable = deviceWrites ? header : [.. header, .. data];
            int writable = deviceWrites ? length + 1 : 1;

            List<(ulong Address, int Length)> answer = Send(bench, random, readable, writable);
            bench.Process();
            Assert.True(bench.Queue.Driver.TryTakeUsed(out _, out uint written), $"case {i} of seed {seed}: {bench.Queue.Transport.NeedsReset}");
            byte[] bytes = Collect(bench.Queue.Memory, answer);
            byte status = bytes[^1];
            byte expected = Expect(model, type, sector, data, length, out byte[]? content);
            if (status != expected)
                Assert.Fail($"case {i} of seed {seed}: type {type}, sector {sector}, {length} bytes: status {status}, not {expected}");
            statuses[status]++;
            if (content is not null)
            {
                Assert.True(bytes.AsSpan(0, length).SequenceEqual(content), $"case {i} of seed {seed}: wrong data");
                Assert.Equal((uint)length + 1, written);
            }

            if (type == Uapi.VIRTIO_BLK_T_DISCARD && status == Uapi.VIRTIO_BLK_S_OK)
                disk.Read(0, model.Length).CopyTo(model, 0);
        }

        Assert.Equal(model, disk.Read(0, model.Length));
        Assert.All(statuses, count => Assert.InRange(count, 100, Cases));
    }

    [Theory]
    [InlineData(21)]
    [InlineData(22)]
    public void Hostile_chains_never_reach_beyond_the_disk_or_throw(int seed)
    {
        const int Cases = 10_000;
        Random random = new(seed);
        int resets = 0;
        byte[] content = TestDisk.RandomBytes(random, Sectors * 512);
        using CountingDisk disk = new(new RawDisk(TestDisk.NewFile(content), "disk.img", readOnly: false));
        using BlockBench first = new(disk);
        BlockBench bench = first;
        for (int i = 0; i < Cases; i++)
        {
            MockDriver driver = bench.Queue.Driver;
            int pieces = random.Next(1, 6);
            for (int n = 0; n < pieces; n++)
            {
                driver.Describe(
                    n,
                    random.Next(20) == 0 ? (ulong)random.NextInt64() : BlockBench.HeaderAt + (ulong)random.Next(0x4000),
                    random.Next(30) == 0 ? (uint)random.Next() : (uint)random.Next(0, 1200),
                    random.Next(30) == 0 ? random.Next(8) : (n < pieces - 1 ? MockDriver.Next : 0) | (n >= pieces / 2 ? MockDriver.Write : 0),
                    random.Next(40) == 0 ? random.Next(65536) : n + 1);
            }

            ulong headerAt = driver.Get<ulong>(driver.Layout.DescriptorArea.Value);
            if (headerAt < QueueBench.MemorySize - 16)
            {
                driver.Put(headerAt, (uint)random.Next(15));
                driver.Put(headerAt + 8, (ulong)random.Next(Sectors + 10));
            }

            driver.Publish(0);
            bench.Process();
            if (bench.Queue.Transport.NeedsReset is not null)
            {
                resets++;
                bench.Queue.Dispose();
                bench = new BlockBench(disk);
            }
            else
            {
                Assert.True(driver.TryTakeUsed(out _, out _));
            }
        }

        if (bench != first)
            bench.Queue.Dispose();
        Assert.InRange(resets, 500, Cases - 500);
        Assert.Equal((ulong)content.Length, disk.Length);
    }

    private static byte Expect(byte[] model, uint type, ulong sector, byte[] data, int length, out byte[]? content)
    {
        content = null;
        bool onDisk = length % 512 == 0 && sector <= Sectors && (UInt128)sector * 512 + (uint)length <= Sectors * 512;
        switch (type)
        {
            case Uapi.VIRTIO_BLK_T_IN:
                if (!onDisk)
                    return Uapi.VIRTIO_BLK_S_IOERR;
                content = model[((int)sector * 512)..(((int)sector * 512) + length)];
                return Uapi.VIRTIO_BLK_S_OK;
            case Uapi.VIRTIO_BLK_T_OUT:
                if (!onDisk)
                    return Uapi.VIRTIO_BLK_S_IOERR;
                data.CopyTo(model, (int)sector * 512);
                return Uapi.VIRTIO_BLK_S_OK;
            case Uapi.VIRTIO_BLK_T_FLUSH:
                return Uapi.VIRTIO_BLK_S_OK;
            case Uapi.VIRTIO_BLK_T_GET_ID:
                return length < 20 ? (byte)Uapi.VIRTIO_BLK_S_IOERR : (byte)Uapi.VIRTIO_BLK_S_OK;
            case Uapi.VIRTIO_BLK_T_DISCARD or Uapi.VIRTIO_BLK_T_WRITE_ZEROES:
                return ExpectRanges(model, type == Uapi.VIRTIO_BLK_T_DISCARD, data);
            default:
                return Uapi.VIRTIO_BLK_S_UNSUPP;
        }
    }

    private static byte ExpectRanges(byte[] model, bool discard, byte[] data)
    {
        if (data.Length % 16 != 0 || data.Length is 0 or > 256)
            return Uapi.VIRTIO_BLK_S_IOERR;
        byte[] result = [.. model];
        for (int at = 0; at < data.Length; at += 16)
        {
            ulong sector = BinaryPrimitives.ReadUInt64LittleEndian(data.AsSpan(at));
            uint count = BinaryPrimitives.ReadUInt32LittleEndian(data.AsSpan(at + 8));
            uint flags = BinaryPrimitives.ReadUInt32LittleEndian(data.AsSpan(at + 12));
            if (flags > (discard ? 0 : 1))
                return Uapi.VIRTIO_BLK_S_UNSUPP;
            if ((UInt128)sector + count > Sectors)
                return Uapi.VIRTIO_BLK_S_IOERR;
            if (!discard)
                result.AsSpan((int)sector * 512, (int)count * 512).Clear();
        }

        result.CopyTo(model, 0);
        return Uapi.VIRTIO_BLK_S_OK;
    }

    private static void FillRanges(byte[] data, Random random)
    {
        for (int at = 0; at + 16 <= data.Length; at += 16)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(data.AsSpan(at), (ulong)random.Next(random.Next(200) == 0 ? 400 : 200));
            BinaryPrimitives.WriteUInt32LittleEndian(data.AsSpan(at + 8), (uint)random.Next(random.Next(200) == 0 ? 400 : 60));
            BinaryPrimitives.WriteUInt32LittleEndian(data.AsSpan(at + 12), random.Next(100) == 0 ? 2u : 0);
        }
    }

    /// <summary>Puts a request in memory in pieces of any size, directly or by an indirect table.</summary>
    private static List<(ulong Address, int Length)> Send(BlockBench bench, Random random, byte[] readable, int writable)
    {
        MockDriver driver = bench.Queue.Driver;
        bool indirect = random.Next(2) == 0;
        ulong table = indirect ? 0xa000 : driver.Layout.DescriptorArea.Value;
        // Direct chains begin at 0; an indirect one has its table there.
        List<(ulong Address, int Length, bool Write)> pieces = [];
        ulong at = PoolStart + (ulong)random.Next(4096);
        Cut(readable.Length, write: false);
        Cut(writable, write: true);
        int offset = 0;
        for (int i = 0; i < pieces.Count; i++)
        {
            (ulong address, int length, bool write) = pieces[i];
            if (!write)
            {
                readable.AsSpan(offset, length).CopyTo(bench.Queue.Memory.GetSpan(new GuestAddress(address), (uint)length));
                offset += length;
            }

            driver.Describe(table, i, address, (uint)length, (write ? MockDriver.Write : 0) | (i < pieces.Count - 1 ? MockDriver.Next : 0), i + 1);
        }

        if (indirect)
            driver.Describe(0, table, (uint)pieces.Count * 16, MockDriver.Indirect);
        driver.Publish(0);
        return pieces.Where(piece => piece.Write).Select(piece => (piece.Address, piece.Length)).ToList();

        void Cut(int total, bool write)
        {
            int most = random.Next(3) switch { 0 => 20, 1 => 600, _ => 20000 };
            while (total > 0)
            {
                int length = Math.Min(total, pieces.Count > 100 ? total : random.Next(1, most));
                pieces.Add((at, length, write));
                at += (ulong)(length + random.Next(0, 100));
                total -= length;
                Assert.True(at < PoolStart + PoolLength);
            }
        }
    }

    private static byte[] Collect(GuestMemory memory, List<(ulong Address, int Length)> pieces)
    {
        List<byte> bytes = [];
        foreach ((ulong address, int length) in pieces)
            bytes.AddRange(memory.GetSpan(new GuestAddress(address), (uint)length));
        return [.. bytes];
    }
}
