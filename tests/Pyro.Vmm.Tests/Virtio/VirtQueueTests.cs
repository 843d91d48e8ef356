using Pyro.Vmm.Memory;
using Pyro.Vmm.Virtio;

namespace Pyro.Vmm.Tests.Virtio;

public sealed class VirtQueueTests
{
    private const ulong Data = 0x8000;
    private const ulong Table = 0x6000;

    [Fact]
    public void A_chain_gives_its_readable_and_writable_pieces_in_order()
    {
        using QueueBench bench = new();
        bench.Driver.Put(Data, 0x1122334455667788UL);
        bench.Driver.Describe(3, Data, 4, MockDriver.Next, 5);
        bench.Driver.Describe(5, Data + 4, 4, MockDriver.Next, 0);
        bench.Driver.Describe(0, Data + 0x100, 3, MockDriver.Next | MockDriver.Write, 1);
        bench.Driver.Describe(1, Data + 0x200, 5, MockDriver.Write);
        bench.Driver.Publish(3);

        Assert.True(bench.Queue.TryPop(out DescriptorChain chain));
        Assert.Equal(3, chain.Head);
        Assert.Equal(2, chain.Readable.Length);
        Assert.Equal(2, chain.Writable.Length);
        Assert.Equal(8u, chain.ReadableLength);
        Assert.Equal(8u, chain.WritableLength);
        Assert.True(chain.TryRead(0, out ulong value));
        Assert.Equal(0x1122334455667788UL, value);
        Assert.True(chain.TryRead(2, out uint middle));
        Assert.Equal(0x33445566u, middle);
        Assert.True(chain.TryWrite(2, 0xaabbccddu));
        Assert.Equal(0xdd, bench.Driver.Get<byte>(Data + 0x102));
        Assert.Equal(0xaabbcc, (int)(bench.Driver.Get<uint>(Data + 0x200) & 0xffffff));

        bench.Queue.AddUsed(chain.Head, 6);
        Assert.True(bench.Driver.TryTakeUsed(out uint id, out uint length));
        Assert.Equal((3u, 6u), (id, length));
        Assert.False(bench.Queue.TryPop(out _));
        Assert.False(bench.Queue.IsBroken);
    }

    [Fact]
    public void Reads_and_writes_beyond_a_chain_do_nothing()
    {
        using QueueBench bench = new();
        bench.Driver.Describe(0, Data, 4, MockDriver.Next, 1);
        bench.Driver.Describe(1, Data + 16, 4, MockDriver.Write);
        bench.Driver.Publish(0);
        Assert.True(bench.Queue.TryPop(out DescriptorChain chain));
        Assert.False(chain.TryRead(1, out uint _));
        Assert.False(chain.TryRead(uint.MaxValue, out byte _));
        Assert.False(chain.TryWrite(1, 1u));
        Assert.False(chain.TryWrite(uint.MaxValue, (byte)1));
        Assert.True(chain.TryRead(4, []));
        Assert.Equal(0u, bench.Driver.Get<uint>(Data + 16));
        Assert.True(chain.SliceReadable(4, 10).IsEmpty);
        Assert.Equal(3UL, IoVector.TotalLength(chain.SliceWritable(1, 10)));
    }

    [Fact]
    public void An_indirect_table_may_follow_direct_descriptors_and_be_longer_than_the_queue()
    {
        using QueueBench bench = new(size: 4, maxChain: 16);
        bench.Driver.Describe(0, Data, 1, MockDriver.Next, 1);
        // The write flag on an indirect descriptor means nothing.
        bench.Driver.Describe(1, Table, 16 * 10, MockDriver.Indirect | MockDriver.Write);
        for (int i = 0; i < 10; i++)
            bench.Driver.Describe(Table, i, Data + 16 + (ulong)i, 1, i < 9 ? MockDriver.Next : MockDriver.Write, i + 1);
        bench.Driver.Publish(0);
        Assert.True(bench.Queue.TryPop(out DescriptorChain chain));
        Assert.Equal(10u, chain.ReadableLength);
        Assert.Equal(1u, chain.WritableLength);
    }

    [Fact]
    public void Empty_pieces_are_left_out()
    {
        using QueueBench bench = new();
        bench.Driver.Describe(0, ulong.MaxValue, 0, MockDriver.Next, 1);
        bench.Driver.Describe(1, Data, 2, 0);
        bench.Driver.Publish(0);
        Assert.True(bench.Queue.TryPop(out DescriptorChain chain));
        Assert.Equal(1, chain.Readable.Length);
    }

    [Fact]
    public void A_request_put_back_comes_again()
    {
        using QueueBench bench = new();
        bench.Driver.Describe(2, Data, 2, 0);
        bench.Driver.Publish(2);
        Assert.True(bench.Queue.TryPop(out _));
        Assert.Equal(1, bench.Queue.State.NextAvailable);
        bench.Queue.UndoPop();
        Assert.Equal(0, bench.Queue.State.NextAvailable);
        Assert.True(bench.Queue.TryPop(out DescriptorChain chain));
        Assert.Equal(2, chain.Head);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(256)]
    [InlineData(1024)]
    public void Indices_wrap_around_65536(int size)
    {
        using QueueBench bench = new((ushort)size, start: 65530);
        for (int i = 0; i < 3000; i++)
        {
            int head = i % size;
            bench.Driver.Describe(head, Data + (uint)i, 1, 0);
            bench.Driver.Publish(head);
            Assert.True(bench.Queue.TryPop(out DescriptorChain chain));
            bench.Queue.AddUsed(chain.Head, (uint)i);
            Assert.True(bench.Driver.TryTakeUsed(out uint id, out uint length));
            Assert.Equal(((uint)head, (uint)i), (id, length));
        }

        Assert.Equal(unchecked((ushort)(65530 + 3000)), bench.Queue.State.NextUsed);
    }

    [Fact]
    public void A_queue_goes_on_from_a_saved_state()
    {
        using QueueBench bench = new();
        bench.Driver.Describe(1, Data, 1, 0);
        bench.Driver.Publish(1);
        bench.Driver.Describe(2, Data, 2, 0);
        bench.Driver.Publish(2);
        Assert.True(bench.Queue.TryPop(out DescriptorChain first));
        bench.Queue.AddUsed(first.Head, 0);

        VirtQueue again = bench.Open(bench.Queue.State);
        Assert.True(again.TryPop(out DescriptorChain chain));
        Assert.Equal(2, chain.Head);
        again.AddUsed(chain.Head, 7);
        Assert.True(bench.Driver.TryTakeUsed(out _, out _));
        Assert.True(bench.Driver.TryTakeUsed(out uint id, out _));
        Assert.Equal(2u, id);
        // Whether the driver was told of the first is not known any more: better once too often.
        bench.Driver.UsedEvent = 100;
        again.NotifyUsed();
        Assert.Equal(1, bench.Transport.UsedSignals);
    }

    [Fact]
    public void A_loop_of_descriptors_is_found()
    {
        using QueueBench bench = new();
        bench.Driver.Describe(0, Data, 1, MockDriver.Next, 1);
        bench.Driver.Describe(1, Data, 1, MockDriver.Next, 0);
        bench.Driver.Publish(0);
        bench.ExpectBroken("loop");
    }

    [Fact]
    public void A_loop_of_empty_descriptors_is_found()
    {
        using QueueBench bench = new();
        bench.Driver.Describe(0, 0, 0, MockDriver.Next, 0);
        bench.Driver.Publish(0);
        bench.ExpectBroken("loop");
    }

    [Fact]
    public void A_loop_in_an_indirect_table_is_found()
    {
        using QueueBench bench = new();
        bench.Driver.Describe(0, Table, 32, MockDriver.Indirect);
        bench.Driver.Describe(Table, 0, Data, 1, MockDriver.Next, 1);
        bench.Driver.Describe(Table, 1, Data, 1, MockDriver.Next, 0);
        bench.Driver.Publish(0);
        bench.ExpectBroken("loop");
    }

    [Theory]
    [InlineData(8)]
    [InlineData(65535)]
    public void A_head_beyond_the_table_is_refused(int head)
    {
        using QueueBench bench = new();
        bench.Driver.Publish(head);
        bench.ExpectBroken("beyond its table");
    }

    [Fact]
    public void A_next_beyond_the_table_is_refused()
    {
        using QueueBench bench = new();
        bench.Driver.Describe(0, Data, 1, MockDriver.Next, 8);
        bench.Driver.Publish(0);
        bench.ExpectBroken("beyond its table");
    }

    [Fact]
    public void A_next_beyond_an_indirect_table_is_refused()
    {
        using QueueBench bench = new();
        bench.Driver.Describe(0, Table, 32, MockDriver.Indirect);
        bench.Driver.Describe(Table, 0, Data, 1, MockDriver.Next, 2);
        bench.Driver.Publish(0);
        bench.ExpectBroken("beyond its table");
    }

    [Theory]
    [InlineData(QueueBench.MemorySize, 1u)]
    [InlineData(QueueBench.MemorySize - 1, 2u)]
    [InlineData(0UL, (uint)QueueBench.MemorySize + 1)]
    [InlineData(ulong.MaxValue, 1u)]
    [InlineData(ulong.MaxValue, 2u)]
    [InlineData(ulong.MaxValue - 0xfffffffe, uint.MaxValue)]
    [InlineData(1UL << 63, uint.MaxValue)]
    public void A_buffer_outside_memory_is_refused(ulong address, uint length)
    {
        using QueueBench bench = new();
        bench.Driver.Describe(0, Data, 1, MockDriver.Next, 1);
        bench.Driver.Describe(1, address, length, MockDriver.Write);
        bench.Driver.Publish(0);
        bench.ExpectBroken("outside guest memory");
    }

    [Fact]
    public void An_available_index_that_jumps_is_refused()
    {
        using QueueBench bench = new();
        bench.Driver.AvailableIndex = 9;
        bench.ExpectBroken("jumps");
    }

    [Fact]
    public void An_available_index_that_goes_back_is_refused()
    {
        using QueueBench bench = new(start: 100);
        bench.Driver.AvailableIndex = 99;
        bench.ExpectBroken("jumps");
    }

    [Fact]
    public void A_full_queue_is_no_jump()
    {
        using QueueBench bench = new();
        for (int i = 0; i < 8; i++)
        {
            bench.Driver.Describe(i, Data, 1, 0);
            bench.Driver.Publish(i);
        }

        for (int i = 0; i < 8; i++)
            Assert.True(bench.Queue.TryPop(out _));
        Assert.False(bench.Queue.TryPop(out _));
        Assert.False(bench.Queue.IsBroken);
    }

    [Fact]
    public void An_indirect_table_in_an_indirect_table_is_refused()
    {
        using QueueBench bench = new();
        bench.Driver.Describe(0, Table, 16, MockDriver.Indirect);
        bench.Driver.Describe(Table, 0, Table, 16, MockDriver.Indirect);
        bench.Driver.Publish(0);
        bench.ExpectBroken("indirect descriptor where none may be");
    }

    [Fact]
    public void An_indirect_descriptor_with_a_next_is_refused()
    {
        using QueueBench bench = new();
        bench.Driver.Describe(0, Table, 16, MockDriver.Indirect | MockDriver.Next, 1);
        bench.Driver.Publish(0);
        bench.ExpectBroken("indirect descriptor where none may be");
    }

    [Fact]
    public void An_indirect_descriptor_is_refused_if_the_feature_was_not_agreed_on()
    {
        using QueueBench bench = new(features: VirtioFeatures.VIRTIO_F_VERSION_1);
        bench.Driver.Describe(0, Table, 16, MockDriver.Indirect);
        bench.Driver.Describe(Table, 0, Data, 1, 0);
        bench.Driver.Publish(0);
        bench.ExpectBroken("indirect descriptor where none may be");
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(15u)]
    [InlineData(17u)]
    [InlineData(uint.MaxValue)]
    public void An_indirect_table_of_uneven_length_is_refused(uint length)
    {
        using QueueBench bench = new();
        bench.Driver.Describe(0, Table, length, MockDriver.Indirect);
        bench.Driver.Publish(0);
        bench.ExpectBroken("multiple of 16");
    }

    [Theory]
    [InlineData(QueueBench.MemorySize - 8, 16u)]
    [InlineData(0x1000UL, 0xfffffff0u)]
    [InlineData(ulong.MaxValue - 7, 16u)]
    public void An_indirect_table_outside_memory_is_refused(ulong address, uint length)
    {
        using QueueBench bench = new();
        bench.Driver.Describe(0, address, length, MockDriver.Indirect);
        bench.Driver.Publish(0);
        bench.ExpectBroken("outside guest memory");
    }

    [Fact]
    public void A_readable_piece_behind_a_writable_one_is_refused()
    {
        using QueueBench bench = new();
        bench.Driver.Describe(0, Data, 1, MockDriver.Write | MockDriver.Next, 1);
        bench.Driver.Describe(1, Data, 1, 0);
        bench.Driver.Publish(0);
        bench.ExpectBroken("follows a writable");
    }

    [Fact]
    public void A_chain_of_more_than_four_gibibytes_is_refused()
    {
        using GuestMemory memory = GuestMemory.Create(3UL << 30);
        MockDriver driver = new(memory, 0x1000, 8);
        RecordingTransport transport = new();
        Assert.True(VirtQueue.TryCreate(memory, transport, 0, driver.Layout, 8, QueueBench.AllFeatures, default, out VirtQueue? queue));
        driver.Describe(0, 0, 0x80000000, MockDriver.Next, 1);
        driver.Describe(1, 0, 0x7fffffff, 0);
        driver.Publish(0);
        Assert.True(queue!.TryPop(out DescriptorChain chain));
        Assert.Equal(uint.MaxValue, chain.ReadableLength);

        driver.Describe(1, 0, 0x80000000, 0);
        driver.Publish(0);
        Assert.False(queue.TryPop(out _));
        Assert.Contains("4 GiB", transport.NeedsReset, StringComparison.Ordinal);
    }

    [Fact]
    public void A_queue_laid_out_wrongly_is_not_opened()
    {
        using GuestMemory memory = GuestMemory.Create(1 << 20);
        VirtQueueLayout good = new(8, new GuestAddress(0x1000), new GuestAddress(0x2000), new GuestAddress(0x3000));
        Assert.True(Opens(good));
        Assert.False(Opens(good with { Size = 0 }));
        Assert.False(Opens(good with { Size = 7 }));
        Assert.False(Opens(good with { Size = 2048 }));
        Assert.False(Opens(good with { DescriptorArea = new GuestAddress(0x1008) }));
        Assert.False(Opens(good with { DriverArea = new GuestAddress(0x2001) }));
        Assert.False(Opens(good with { DeviceArea = new GuestAddress(0x3002) }));
        Assert.False(Opens(good with { DescriptorArea = new GuestAddress((1 << 20) - 112) }));
        Assert.False(Opens(good with { DriverArea = new GuestAddress((1 << 20) - 20) }));
        Assert.False(Opens(good with { DeviceArea = new GuestAddress((1 << 20) - 68) }));
        Assert.False(Opens(good with { DeviceArea = new GuestAddress(ulong.MaxValue - 3) }));
        Assert.True(Opens(good with { DeviceArea = new GuestAddress((1 << 20) - 72) }));

        bool Opens(VirtQueueLayout layout) =>
            VirtQueue.TryCreate(memory, new RecordingTransport(), 0, layout, 8, QueueBench.AllFeatures, default, out _);
    }

    [Fact]
    public void With_event_index_the_driver_is_interrupted_when_its_event_is_passed_and_not_otherwise()
    {
        using QueueBench bench = new(start: 65533);
        bench.Driver.UsedEvent = 65535;
        int[] signals = new int[5];
        for (int i = 0; i < 5; i++)
        {
            bench.Queue.AddUsed(0, 0);
            bench.Queue.NotifyUsed();
            signals[i] = bench.Transport.UsedSignals;
        }

        // The first always: what was signalled before this queue was opened is not known. Then entry 65535, the third.
        Assert.Equal([1, 1, 2, 2, 2], signals);

        bench.Driver.UsedEvent = bench.Queue.State.NextUsed;
        bench.Queue.NotifyUsed();
        Assert.Equal(2, bench.Transport.UsedSignals);
        bench.Queue.AddUsed(0, 0);
        bench.Queue.AddUsed(0, 0);
        bench.Queue.NotifyUsed();
        Assert.Equal(3, bench.Transport.UsedSignals);
    }

    [Fact]
    public void Without_event_index_the_drivers_flag_says_whether_it_is_interrupted()
    {
        using QueueBench bench = new(features: VirtioFeatures.VIRTIO_F_VERSION_1);
        bench.Driver.AvailableFlags = 1;
        bench.Queue.AddUsed(0, 0);
        bench.Queue.NotifyUsed();
        Assert.Equal(0, bench.Transport.UsedSignals);
        bench.Driver.AvailableFlags = 0;
        bench.Queue.NotifyUsed();
        Assert.Equal(0, bench.Transport.UsedSignals);
        bench.Queue.AddUsed(0, 0);
        bench.Queue.NotifyUsed();
        Assert.Equal(1, bench.Transport.UsedSignals);
    }

    [Fact]
    public void With_event_index_the_device_asks_for_the_next_entry_to_be_notified()
    {
        using QueueBench bench = new();
        bench.Driver.Describe(0, Data, 1, 0);
        bench.Driver.Publish(0);
        Assert.True(bench.Queue.EnableNotifications());
        Assert.True(bench.Queue.TryPop(out _));
        bench.Queue.DisableNotifications();
        Assert.False(bench.Queue.EnableNotifications());
        Assert.Equal(1, bench.Driver.AvailableEvent);
        Assert.Equal(0, bench.Driver.UsedFlags);
    }

    [Fact]
    public void Without_event_index_the_devices_flag_says_whether_to_notify()
    {
        using QueueBench bench = new(features: VirtioFeatures.VIRTIO_F_VERSION_1);
        bench.Queue.DisableNotifications();
        Assert.Equal(1, bench.Driver.UsedFlags);
        Assert.False(bench.Queue.EnableNotifications());
        Assert.Equal(0, bench.Driver.UsedFlags);
        Assert.Equal(0, bench.Driver.AvailableEvent);
        bench.Driver.Publish(0);
        Assert.True(bench.Queue.EnableNotifications());
    }

    [Fact]
    public void Taking_and_giving_back_requests_allocates_nothing()
    {
        using QueueBench bench = new(maxChain: 16);
        for (int i = 0; i < 4; i++)
            bench.Driver.Describe(Table, i, Data, 8, i < 3 ? MockDriver.Next : MockDriver.Write, i + 1);
        bench.Driver.Describe(0, Table, 64, MockDriver.Indirect);

        ulong sum = 0;
        Assert.Equal(0, Allocations.Of(() => sum = Round(10000)));
        Assert.NotEqual(0UL, sum);

        ulong Round(int count)
        {
            ulong lengths = 0;
            Span<byte> copy = stackalloc byte[20];
            for (int i = 0; i < count; i++)
            {
                bench.Driver.Publish(0);
                bench.Queue.DisableNotifications();
                while (bench.Queue.TryPop(out DescriptorChain chain))
                {
                    chain.TryRead(1, copy);
                    chain.TryWrite(0, 1UL);
                    lengths += IoVector.TotalLength(chain.SliceReadable(3, 9)) + IoVector.TotalLength(chain.SliceWritable(0, 4));
                    bench.Queue.AddUsed(chain.Head, 8);
                    bench.Queue.NotifyUsed();
                }

                bench.Queue.EnableNotifications();
                bench.Driver.UsedEvent = bench.Driver.UsedIndex;
            }

            return lengths;
        }
    }
}
