using Pyro.Kvm.Native;
using Pyro.Vmm.Disks;
using Pyro.Vmm.Tests.Disks;
using Pyro.Vmm.Virtio;
using Pyro.Vmm.Virtio.Block;

namespace Pyro.Vmm.Tests.Virtio.Block;

public sealed class BlockRequestsTests : IDisposable
{
    private const byte Ok = Uapi.VIRTIO_BLK_S_OK;
    private const byte IoError = Uapi.VIRTIO_BLK_S_IOERR;
    private const byte Unsupported = Uapi.VIRTIO_BLK_S_UNSUPP;
    private const int Sectors = 256;

    private readonly byte[] _content = TestDisk.RandomBytes(new Random(1), Sectors * 512);
    private readonly CountingDisk _disk;
    private readonly BlockBench _bench;

    public BlockRequestsTests()
    {
        _disk = new CountingDisk(new RawDisk(TestDisk.NewFile(_content), "disk.img", readOnly: false));
        _bench = new BlockBench(_disk);
    }

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void A_read_gives_the_sectors_and_counts_data_and_status()
    {
        Assert.Equal((Ok, 1025u), _bench.Do(Uapi.VIRTIO_BLK_T_IN, 5, 1024, deviceWrites: true));
        Assert.Equal(_content[(5 * 512)..(7 * 512)], _bench.Data(1024).ToArray());
    }

    [Fact]
    public void A_write_changes_its_sectors_and_no_others()
    {
        _bench.Data(1024).Fill(7);
        Assert.Equal((Ok, 1u), _bench.Do(Uapi.VIRTIO_BLK_T_OUT, 5, 1024, deviceWrites: false));
        _content.AsSpan(5 * 512, 1024).Fill(7);
        Assert.Equal(_content, _disk.Read(0, _content.Length));
        Assert.Equal(0, _disk.Flushes);
    }

    [Theory]
    [InlineData(Sectors, 512)]
    [InlineData(Sectors - 1, 1024)]
    [InlineData(ulong.MaxValue, 512)]
    [InlineData(ulong.MaxValue / 512, 512)]
    [InlineData((ulong.MaxValue / 512) + 1, 512)]
    [InlineData(0UL, 511)]
    [InlineData(0UL, 513)]
    public void Requests_off_the_disk_or_of_parts_of_sectors_fail(ulong sector, int length)
    {
        Assert.Equal((IoError, 0u), _bench.Do(Uapi.VIRTIO_BLK_T_IN, sector, length, deviceWrites: true));
        Assert.Equal((IoError, 1u), _bench.Do(Uapi.VIRTIO_BLK_T_OUT, sector, length, deviceWrites: false));
        Assert.Equal(_content, _disk.Read(0, _content.Length));
    }

    [Fact]
    public void The_driver_may_cut_a_request_as_it_likes()
    {
        // Header in three pieces, the last with data; status in one with data.
        MockDriver driver = _bench.Queue.Driver;
        _bench.PutHeader(Uapi.VIRTIO_BLK_T_OUT, 9);
        driver.Describe(0, BlockBench.HeaderAt, 1, MockDriver.Next, 1);
        driver.Describe(1, BlockBench.HeaderAt + 1, 14, MockDriver.Next, 2);
        driver.Describe(2, BlockBench.HeaderAt + 15, 101, MockDriver.Next, 3);
        driver.Describe(3, BlockBench.DataAt, 412, MockDriver.Next, 4);
        driver.Describe(4, BlockBench.StatusAt, 1, MockDriver.Write);
        _bench.Queue.Memory.GetSpan(new(BlockBench.HeaderAt + 16), 100).Fill(1);
        _bench.Data(412).Fill(2);
        Assert.Equal((Ok, 1u), _bench.Do());
        Assert.Equal([.. Enumerable.Repeat((byte)1, 100), .. Enumerable.Repeat((byte)2, 412)], _disk.Read(9 * 512, 512));

        _bench.PutHeader(Uapi.VIRTIO_BLK_T_IN, 9);
        driver.Describe(0, BlockBench.HeaderAt, 16, MockDriver.Next, 1);
        driver.Describe(1, BlockBench.StatusAt - 512, 513, MockDriver.Write);
        Assert.Equal((Ok, 513u), _bench.Do());
        Assert.Equal(1, driver.Get<byte>(BlockBench.StatusAt - 512));
        Assert.Equal(2, driver.Get<byte>(BlockBench.StatusAt - 1));
    }

    [Fact]
    public void A_flush_reaches_the_disk()
    {
        Assert.Equal((Ok, 1u), _bench.Do(Uapi.VIRTIO_BLK_T_FLUSH, 0, 0, deviceWrites: false));
        Assert.Equal(1, _disk.Flushes);
    }

    [Fact]
    public void A_driver_that_cannot_flush_gets_every_write_flushed()
    {
        CountingDisk disk = new(new RawDisk(TestDisk.NewFile(8192), "disk.img", readOnly: false));
        using BlockBench writeThrough = new(disk, VirtioFeatures.Transport);
        Assert.Equal((Ok, 1u), writeThrough.Do(Uapi.VIRTIO_BLK_T_OUT, 0, 512, deviceWrites: false));
        Assert.Equal(1, disk.Flushes);
    }

    [Fact]
    public void The_id_is_padded_with_zeros_and_needs_room_for_all_of_it()
    {
        Assert.Equal((Ok, 21u), _bench.Do(Uapi.VIRTIO_BLK_T_GET_ID, 0, 20, deviceWrites: true));
        Assert.Equal("disk-7"u8.ToArray(), _bench.Data(20)[..6].ToArray());
        Assert.Equal(new byte[14], _bench.Data(20)[6..].ToArray());
        _bench.Data(20).Clear();
        Assert.Equal((IoError, 0u), _bench.Do(Uapi.VIRTIO_BLK_T_GET_ID, 0, 19, deviceWrites: true));
        Assert.Equal(new byte[20], _bench.Data(20).ToArray());
    }

    [Theory]
    [InlineData(2u)]
    [InlineData(14u)]
    [InlineData(uint.MaxValue)]
    public void Unknown_requests_are_unsupported(uint type) =>
        Assert.Equal((Unsupported, 1u), _bench.Do(type, 0, 512, deviceWrites: false));

    [Fact]
    public void Write_zeroes_zeroes_all_its_ranges()
    {
        _bench.PutRange(0, 3, 2);
        _bench.PutRange(1, 100, 30, Uapi.VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP);
        Assert.Equal((Ok, 1u), _bench.Do(Uapi.VIRTIO_BLK_T_WRITE_ZEROES, 0, 32, deviceWrites: false));
        _content.AsSpan(3 * 512, 1024).Clear();
        _content.AsSpan(100 * 512, 30 * 512).Clear();
        Assert.Equal(_content, _disk.Read(0, _content.Length));
    }

    [Fact]
    public void Discard_succeeds_and_leaves_the_rest_alone()
    {
        _bench.PutRange(0, 8, 8);
        Assert.Equal((Ok, 1u), _bench.Do(Uapi.VIRTIO_BLK_T_DISCARD, 0, 16, deviceWrites: false));
        Assert.Equal(_content[..4096], _disk.Read(0, 4096));
        Assert.Equal(_content[8192..], _disk.Read(8192, _content.Length - 8192));
    }

    [Theory]
    [InlineData(Uapi.VIRTIO_BLK_T_DISCARD, 1u, Unsupported)]
    [InlineData(Uapi.VIRTIO_BLK_T_DISCARD, 2u, Unsupported)]
    [InlineData(Uapi.VIRTIO_BLK_T_WRITE_ZEROES, 2u, Unsupported)]
    [InlineData(Uapi.VIRTIO_BLK_T_WRITE_ZEROES, 0x80000001u, Unsupported)]
    public void Unknown_flags_of_a_range_are_unsupported(int type, uint flags, byte status)
    {
        _bench.PutRange(0, 0, 8);
        _bench.PutRange(1, 8, 8, flags);
        Assert.Equal((status, 1u), _bench.Do((uint)type, 0, 32, deviceWrites: false));
        Assert.Equal(_content, _disk.Read(0, _content.Length));
    }

    [Theory]
    [InlineData(Sectors, 1u)]
    [InlineData(0UL, Sectors + 1u)]
    [InlineData(ulong.MaxValue, 1u)]
    [InlineData(0UL, uint.MaxValue)]
    [InlineData(0UL, BlockConfig.MaxRangeSectors + 1)]
    public void A_range_off_the_disk_fails_before_the_first_is_done(ulong sector, uint count)
    {
        _bench.PutRange(0, 0, 8);
        _bench.PutRange(1, sector, count);
        Assert.Equal((IoError, 1u), _bench.Do(Uapi.VIRTIO_BLK_T_WRITE_ZEROES, 0, 32, deviceWrites: false));
        Assert.Equal(_content, _disk.Read(0, _content.Length));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(15)]
    [InlineData(17)]
    [InlineData(16 * 17)]
    public void A_list_of_ranges_of_a_wrong_length_fails(int length) =>
        Assert.Equal((IoError, 1u), _bench.Do(Uapi.VIRTIO_BLK_T_DISCARD, 0, length, deviceWrites: false));

    [Fact]
    public void What_was_not_agreed_on_is_unsupported()
    {
        using BlockBench bench = new(new RawDisk(TestDisk.NewFile(8192), "disk.img", readOnly: false), VirtioFeatures.Transport);
        bench.PutRange(0, 0, 1);
        Assert.Equal((Unsupported, 1u), bench.Do(Uapi.VIRTIO_BLK_T_DISCARD, 0, 16, deviceWrites: false));
        Assert.Equal((Unsupported, 1u), bench.Do(Uapi.VIRTIO_BLK_T_WRITE_ZEROES, 0, 16, deviceWrites: false));
    }

    [Fact]
    public void A_read_only_disk_is_read_and_flushed_and_nothing_else()
    {
        using BlockBench bench = new(TestDisk.ReadOnlyDisk(_content));
        Assert.Equal((Ok, 513u), bench.Do(Uapi.VIRTIO_BLK_T_IN, 1, 512, deviceWrites: true));
        Assert.Equal((IoError, 1u), bench.Do(Uapi.VIRTIO_BLK_T_OUT, 1, 512, deviceWrites: false));
        Assert.Equal((Ok, 1u), bench.Do(Uapi.VIRTIO_BLK_T_FLUSH, 0, 0, deviceWrites: false));
        bench.PutRange(0, 0, 1);
        Assert.Equal((Unsupported, 1u), bench.Do(Uapi.VIRTIO_BLK_T_DISCARD, 0, 16, deviceWrites: false));
    }

    [Fact]
    public void An_error_of_the_host_becomes_an_error_of_the_request_and_a_line_in_the_log()
    {
        _disk.Fails = true;
        Assert.Equal((IoError, 0u), _bench.Do(Uapi.VIRTIO_BLK_T_IN, 0, 512, deviceWrites: true));
        Assert.Equal((IoError, 1u), _bench.Do(Uapi.VIRTIO_BLK_T_OUT, 0, 512, deviceWrites: false));
        Assert.Equal((IoError, 1u), _bench.Do(Uapi.VIRTIO_BLK_T_FLUSH, 0, 0, deviceWrites: false));
        Assert.Equal(3, _bench.Log.Count);
        _disk.Fails = false;
        Assert.Equal((Ok, 513u), _bench.Do(Uapi.VIRTIO_BLK_T_IN, 0, 512, deviceWrites: true));
        Assert.Null(_bench.Queue.Transport.NeedsReset);
    }

    [Fact]
    public void A_guest_cannot_fill_the_log_with_errors()
    {
        _disk.Fails = true;
        for (int i = 0; i < 500; i++)
            _bench.Do(Uapi.VIRTIO_BLK_T_IN, 0, 512, deviceWrites: true);
        Assert.Equal(100, _bench.Log.Count);
    }

    [Fact]
    public void A_request_without_room_for_a_status_puts_the_device_in_needs_reset()
    {
        _bench.Queue.Driver.Describe(0, BlockBench.HeaderAt, 16, 0);
        _bench.Queue.Driver.Publish(0);
        _bench.Process();
        Assert.Contains("status", _bench.Queue.Transport.NeedsReset, StringComparison.Ordinal);

        // From here on it does nothing, good requests included.
        _bench.Queue.Driver.Describe(0, BlockBench.HeaderAt, 16, MockDriver.Next, 1);
        _bench.Queue.Driver.Describe(1, BlockBench.StatusAt, 1, MockDriver.Write);
        _bench.Queue.Driver.Publish(0);
        _bench.Process();
        Assert.False(_bench.Queue.Driver.TryTakeUsed(out _, out _));
    }

    [Fact]
    public void A_request_without_a_whole_header_puts_the_device_in_needs_reset()
    {
        _bench.Queue.Driver.Describe(0, BlockBench.HeaderAt, 15, MockDriver.Next, 1);
        _bench.Queue.Driver.Describe(1, BlockBench.StatusAt, 1, MockDriver.Write);
        _bench.Queue.Driver.Publish(0);
        _bench.Process();
        Assert.Contains("header", _bench.Queue.Transport.NeedsReset, StringComparison.Ordinal);
    }

    [Fact]
    public void Requests_allocate_nothing()
    {
        OverlayDisk overlay = OverlayDisk.Create(TestDisk.NewFile(), "top", TestDisk.ReadOnlyDisk(_content));
        using BlockBench bench = new(overlay);
        Assert.Equal(0, Allocations.Of(() => Run(1000)));

        void Run(int count)
        {
            MockDriver driver = bench.Queue.Driver;
            for (int i = 0; i < count; i++)
            {
                driver.Describe(0, BlockBench.HeaderAt, 16, MockDriver.Next, 1);
                driver.Describe(2, BlockBench.StatusAt, 1, MockDriver.Write);
                (int type, uint length) = (i % 4) switch
                {
                    0 => (Uapi.VIRTIO_BLK_T_IN, 8192u),
                    1 => (Uapi.VIRTIO_BLK_T_OUT, 2048u),
                    2 => (Uapi.VIRTIO_BLK_T_WRITE_ZEROES, 16u),
                    _ => (Uapi.VIRTIO_BLK_T_GET_ID, 20u),
                };
                bool deviceWrites = i % 4 is 0 or 3;
                bench.PutHeader((uint)type, (ulong)(i % 200));
                bench.PutRange(0, 8, 8);
                driver.Describe(1, BlockBench.DataAt, length, MockDriver.Next | (deviceWrites ? MockDriver.Write : 0), 2);
                driver.Publish(0);
                bench.Process();
            }
        }
    }
}
