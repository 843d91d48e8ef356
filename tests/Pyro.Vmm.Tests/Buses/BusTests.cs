using Pyro.Vmm.Buses;

namespace Pyro.Vmm.Tests.Buses;

public sealed class BusTests
{
    private sealed class Register : IBusDevice
    {
        internal readonly List<string> Accesses = [];

        public void Read(ulong offset, Span<byte> data)
        {
            Accesses.Add($"read {offset} {data.Length}");
            data.Fill((byte)offset);
        }

        public void Write(ulong offset, ReadOnlySpan<byte> data) => Accesses.Add($"write {offset} {data.Length}");
    }

    [Fact]
    public void A_device_sees_offsets_from_its_own_start()
    {
        Bus bus = new();
        Register device = new();
        bus.Add(0x3f8, 8, device);
        byte[] data = new byte[2];
        Assert.True(bus.Read(0x3fa, data));
        Assert.True(bus.Write(0x3ff, data.AsSpan(0, 1)));
        Assert.Equal(["read 2 2", "write 7 1"], device.Accesses);
        Assert.Equal([2, 2], data);
    }

    [Fact]
    public void Unknown_addresses_read_as_all_ones_and_are_counted()
    {
        Bus bus = new();
        bus.Add(16, 16, new Register());
        byte[] data = new byte[4];
        foreach (ulong address in (ulong[])[0, 15, 32, ulong.MaxValue])
        {
            data.AsSpan().Clear();
            Assert.False(bus.Read(address, data));
            Assert.Equal([255, 255, 255, 255], data);
            Assert.False(bus.Write(address, data));
        }

        Assert.Equal(4, bus.UnknownReads);
        Assert.Equal(4, bus.UnknownWrites);
    }

    [Fact]
    public void An_access_that_runs_over_the_end_of_a_device_is_unknown()
    {
        Bus bus = new();
        Register device = new();
        bus.Add(0, 4, device);
        bus.Add(4, 4, device);
        Assert.False(bus.Read(2, new byte[4]));
        Assert.False(bus.Write(7, new byte[2]));
        Assert.Empty(device.Accesses);
    }

    [Fact]
    public void A_device_may_take_the_very_last_address()
    {
        Bus bus = new();
        bus.Add(ulong.MaxValue, 1, new Register());
        Assert.True(bus.Read(ulong.MaxValue, new byte[1]));
        Assert.False(bus.Read(ulong.MaxValue, new byte[2]));
    }

    [Theory]
    [InlineData(10, 10)]
    [InlineData(5, 6)]
    [InlineData(19, 1)]
    [InlineData(12, 2)]
    [InlineData(0, 100)]
    public void Overlapping_ranges_are_refused(ulong start, ulong length)
    {
        Bus bus = new();
        bus.Add(10, 10, new Register());
        bus.Add(200, 10, new Register());
        Assert.Throws<ArgumentException>(() => bus.Add(start, length, new Register()));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(ulong.MaxValue, 2)]
    [InlineData(2, ulong.MaxValue)]
    public void Ranges_that_are_empty_or_wrap_around_are_refused(ulong start, ulong length) =>
        Assert.Throws<ArgumentException>(() => new Bus().Add(start, length, new Register()));

    [Fact]
    public void Every_device_of_many_is_found_whatever_order_they_came_in()
    {
        Random random = new(7);
        ulong[] starts = Enumerable.Range(0, 100).Select(i => (ulong)i * 32).ToArray();
        random.Shuffle(starts);
        Bus bus = new();
        Dictionary<ulong, Register> devices = [];
        foreach (ulong start in starts)
            bus.Add(start, 16, devices[start] = new Register());

        byte[] data = new byte[1];
        for (ulong address = 0; address < 3300; address++)
        {
            bool known = devices.TryGetValue(address / 32 * 32, out Register? device) && address % 32 < 16;
            Assert.Equal(known, bus.Read(address, data));
            if (known)
                Assert.Equal($"read {address % 32} 1", device!.Accesses[^1]);
        }
    }
}
