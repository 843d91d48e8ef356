using Pyro.Kvm.Native;
using Pyro.Vmm.Memory;
using Pyro.Vmm.Virtio;

namespace Pyro.Vmm.Tests.Virtio;

public sealed class VirtioMmioDeviceTests : IDisposable
{
    private const ulong AllFeatures = TestDevice.Feature | VirtioFeatures.Transport;

    private static readonly VirtQueueLayout s_layout = new(16, new GuestAddress(0x1000), new GuestAddress(0x2000), new GuestAddress(0x3000));

    private readonly TestDevice _device = new();
    private readonly MmioBench _bench;

    public VirtioMmioDeviceTests() => _bench = new MmioBench(_device);

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void The_device_says_who_it_is()
    {
        Assert.Equal(0x74726976u, _bench.Read(Uapi.VIRTIO_MMIO_MAGIC_VALUE));
        Assert.Equal(2u, _bench.Read(Uapi.VIRTIO_MMIO_VERSION));
        Assert.Equal(42u, _bench.Read(Uapi.VIRTIO_MMIO_DEVICE_ID));
        Assert.Equal(0x4f525950u, _bench.Read(Uapi.VIRTIO_MMIO_VENDOR_ID));
    }

    [Fact]
    public void It_offers_its_features_and_the_transports_in_two_halves_and_none_beyond()
    {
        Assert.Equal(AllFeatures, _bench.DeviceFeatures());
        _bench.Write(Uapi.VIRTIO_MMIO_DEVICE_FEATURES_SEL, 2);
        Assert.Equal(0u, _bench.Read(Uapi.VIRTIO_MMIO_DEVICE_FEATURES));
    }

    [Fact]
    public void There_is_no_shared_memory()
    {
        _bench.Write(Uapi.VIRTIO_MMIO_SHM_SEL, 0);
        foreach (int register in (int[])[Uapi.VIRTIO_MMIO_SHM_LEN_LOW, Uapi.VIRTIO_MMIO_SHM_LEN_HIGH, Uapi.VIRTIO_MMIO_SHM_BASE_LOW, Uapi.VIRTIO_MMIO_SHM_BASE_HIGH])
            Assert.Equal(uint.MaxValue, _bench.Read(register));
    }

    [Theory]
    [InlineData(0, 1, "76")]
    [InlineData(0, 2, "7669")]
    [InlineData(0, 8, "7669727402000000")]
    [InlineData(2, 4, "72740200")]
    public void Registers_of_another_width_or_alignment_read_as_the_memory_they_are_and_ignore_writes(int offset, int width, string expected)
    {
        byte[] data = new byte[width];
        _bench.Mmio.Read((ulong)offset, data);
        Assert.Equal(expected, Convert.ToHexString(data));
        data.AsSpan().Fill(1);
        _bench.Mmio.Write(Uapi.VIRTIO_MMIO_STATUS, data.AsSpan(0, Math.Min(width, 3)));
        _bench.Mmio.Write(Uapi.VIRTIO_MMIO_STATUS + 1, data);
        Assert.Equal(VirtioStatus.None, _bench.Status);
    }

    [Fact]
    public void A_driver_that_keeps_to_the_order_gets_a_working_device()
    {
        _bench.Negotiate(AllFeatures);
        _bench.SetUpQueue(0, s_layout);
        Assert.Equal(1u, _bench.Read(Uapi.VIRTIO_MMIO_QUEUE_READY));
        Assert.Empty(_device.Events);
        _bench.AddStatus(VirtioStatus.DRIVER_OK);
        Assert.Equal(["activate"], _device.Events);
        VirtioActivation activation = _device.Activation!;
        Assert.Equal(AllFeatures, activation.Features);
        Assert.Equal(16, activation.Queues[0]!.Size);
        Assert.Null(activation.Queues[1]);
        Assert.Equal((VirtioStatus)15, _bench.Status);
    }

    [Fact]
    public void Features_without_version_1_are_refused()
    {
        _bench.Negotiate(AllFeatures & ~VirtioFeatures.VIRTIO_F_VERSION_1);
        Assert.Equal(VirtioStatus.ACKNOWLEDGE | VirtioStatus.DRIVER, _bench.Status);
    }

    [Theory]
    [InlineData(1UL << 4)]
    [InlineData(1UL << 34)]
    [InlineData(1UL << 63)]
    public void Features_that_were_not_offered_are_refused(ulong extra)
    {
        _bench.Negotiate(AllFeatures | extra);
        Assert.False(_bench.Status.HasFlag(VirtioStatus.FEATURES_OK));
        _bench.AddStatus(VirtioStatus.DRIVER_OK);
        Assert.False(_bench.Status.HasFlag(VirtioStatus.DRIVER_OK));
        Assert.Empty(_device.Events);
    }

    [Fact]
    public void Features_beyond_bit_63_are_refused()
    {
        _bench.AddStatus(VirtioStatus.ACKNOWLEDGE | VirtioStatus.DRIVER);
        _bench.Write(Uapi.VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
        _bench.Write(Uapi.VIRTIO_MMIO_DRIVER_FEATURES, 1);
        _bench.Write(Uapi.VIRTIO_MMIO_DRIVER_FEATURES_SEL, 2);
        _bench.Write(Uapi.VIRTIO_MMIO_DRIVER_FEATURES, 1);
        _bench.AddStatus(VirtioStatus.FEATURES_OK);
        Assert.False(_bench.Status.HasFlag(VirtioStatus.FEATURES_OK));
    }

    [Fact]
    public void A_refused_driver_may_offer_less_and_try_again()
    {
        _bench.Negotiate(AllFeatures | 1);
        _bench.Negotiate(VirtioFeatures.VIRTIO_F_VERSION_1);
        Assert.True(_bench.Status.HasFlag(VirtioStatus.FEATURES_OK));
    }

    [Fact]
    public void Features_do_not_change_after_they_were_agreed_on()
    {
        _bench.Negotiate(VirtioFeatures.VIRTIO_F_VERSION_1);
        _bench.Write(Uapi.VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
        _bench.Write(Uapi.VIRTIO_MMIO_DRIVER_FEATURES, uint.MaxValue);
        _bench.AddStatus(VirtioStatus.DRIVER_OK);
        Assert.Equal(VirtioFeatures.VIRTIO_F_VERSION_1, _device.Activation!.Features);
    }

    [Fact]
    public void Status_bits_come_in_their_order_only()
    {
        _bench.Write(Uapi.VIRTIO_MMIO_STATUS, (uint)VirtioStatus.DRIVER);
        Assert.Equal(VirtioStatus.None, _bench.Status);
        _bench.Write(Uapi.VIRTIO_MMIO_STATUS, (uint)(VirtioStatus.ACKNOWLEDGE | VirtioStatus.FEATURES_OK));
        Assert.Equal(VirtioStatus.ACKNOWLEDGE, _bench.Status);
        _bench.Write(Uapi.VIRTIO_MMIO_STATUS, (uint)(VirtioStatus.ACKNOWLEDGE | VirtioStatus.DRIVER | VirtioStatus.DRIVER_OK));
        Assert.Equal(VirtioStatus.ACKNOWLEDGE | VirtioStatus.DRIVER, _bench.Status);
        Assert.Empty(_device.Events);
    }

    [Fact]
    public void Status_bits_are_not_taken_back_and_the_devices_own_is_not_the_drivers_to_set()
    {
        _bench.Negotiate(AllFeatures);
        _bench.Write(Uapi.VIRTIO_MMIO_STATUS, (uint)(VirtioStatus.ACKNOWLEDGE | VirtioStatus.DEVICE_NEEDS_RESET));
        Assert.Equal(VirtioStatus.ACKNOWLEDGE | VirtioStatus.DRIVER | VirtioStatus.FEATURES_OK, _bench.Status);
    }

    [Fact]
    public void A_driver_that_has_failed_is_not_activated()
    {
        _bench.Negotiate(AllFeatures);
        _bench.AddStatus(VirtioStatus.FAILED);
        _bench.AddStatus(VirtioStatus.DRIVER_OK);
        Assert.False(_bench.Status.HasFlag(VirtioStatus.DRIVER_OK));
        Assert.Empty(_device.Events);
    }

    [Fact]
    public void Queues_have_their_own_maximum_and_an_unknown_one_has_none()
    {
        uint[] maxima = new uint[3];
        for (uint i = 0; i < 3; i++)
        {
            _bench.Write(Uapi.VIRTIO_MMIO_QUEUE_SEL, i == 2 ? uint.MaxValue : i);
            maxima[i] = _bench.Read(Uapi.VIRTIO_MMIO_QUEUE_NUM_MAX);
        }

        Assert.Equal([16u, 64u, 0u], maxima);
        _bench.Write(Uapi.VIRTIO_MMIO_QUEUE_READY, 1);
        Assert.Equal(0u, _bench.Read(Uapi.VIRTIO_MMIO_QUEUE_READY));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(32)]
    public void A_queue_of_a_size_it_cannot_have_does_not_become_ready(int size)
    {
        _bench.Negotiate(AllFeatures);
        _bench.SetUpQueue(0, s_layout with { Size = (ushort)size });
        Assert.Equal(0u, _bench.Read(Uapi.VIRTIO_MMIO_QUEUE_READY));
    }

    [Fact]
    public void A_size_that_is_right_in_its_low_16_bits_only_is_wrong()
    {
        _bench.Negotiate(AllFeatures);
        _bench.Write(Uapi.VIRTIO_MMIO_QUEUE_NUM, 0x10010);
        _bench.Write(Uapi.VIRTIO_MMIO_QUEUE_READY, 1);
        Assert.Equal(0u, _bench.Read(Uapi.VIRTIO_MMIO_QUEUE_READY));
    }

    [Fact]
    public void Queues_are_not_set_up_before_features_are_agreed_on_nor_after_the_start()
    {
        _bench.AddStatus(VirtioStatus.ACKNOWLEDGE | VirtioStatus.DRIVER);
        _bench.SetUpQueue(0, s_layout);
        Assert.Equal(0u, _bench.Read(Uapi.VIRTIO_MMIO_QUEUE_READY));
        _bench.Negotiate(AllFeatures);
        _bench.AddStatus(VirtioStatus.DRIVER_OK);
        _bench.SetUpQueue(0, s_layout);
        Assert.Equal(0u, _bench.Read(Uapi.VIRTIO_MMIO_QUEUE_READY));
        Assert.All(_device.Activation!.Queues, Assert.Null);
    }

    [Fact]
    public void A_ready_queue_keeps_its_layout()
    {
        _bench.Negotiate(AllFeatures);
        _bench.SetUpQueue(0, s_layout);
        _bench.SetUpQueue(0, s_layout with { DescriptorArea = new GuestAddress(ulong.MaxValue) });
        _bench.AddStatus(VirtioStatus.DRIVER_OK);
        Assert.NotNull(_device.Activation);
    }

    [Fact]
    public void A_queue_above_four_gibibytes_is_found_there()
    {
        using MmioBench bench = new(new TestDevice(), GuestMemory.Create(4UL << 30));
        bench.Negotiate(AllFeatures);
        bench.SetUpQueue(0, new VirtQueueLayout(16, new GuestAddress(0x1_0000_1000), new GuestAddress(0x1_0000_2000), new GuestAddress(0x1_0000_3000)));
        bench.AddStatus(VirtioStatus.DRIVER_OK);
        VirtQueue queue = ((TestDevice)bench.Mmio.Device).Activation!.Queues[0]!;
        queue.AddUsed(7, 9);
        Assert.True(bench.Memory.TryRead(new GuestAddress(0x1_0000_3004), out ulong element));
        Assert.Equal(0x9_0000_0007UL, element);
    }

    [Fact]
    public void A_queue_outside_memory_puts_the_device_in_needs_reset_and_not_to_work()
    {
        _bench.Negotiate(AllFeatures);
        _bench.SetUpQueue(0, s_layout with { DeviceArea = new GuestAddress(ulong.MaxValue - 3) });
        _bench.AddStatus(VirtioStatus.DRIVER_OK);
        Assert.True(_bench.Status.HasFlag(VirtioStatus.DEVICE_NEEDS_RESET));
        Assert.Empty(_device.Events);
        Assert.Equal(1, _bench.Line.Count);
        Assert.Equal((uint)Uapi.VIRTIO_MMIO_INT_CONFIG, _bench.Read(Uapi.VIRTIO_MMIO_INTERRUPT_STATUS));
        Assert.Contains("queue 0", Assert.Single(_bench.Log), StringComparison.Ordinal);

        // A reset mends it.
        _bench.Negotiate(AllFeatures);
        _bench.SetUpQueue(0, s_layout);
        _bench.AddStatus(VirtioStatus.DRIVER_OK);
        Assert.Equal(["activate"], _device.Events);
    }

    [Fact]
    public void A_change_of_configuration_stays_until_it_is_acknowledged_and_used_buffers_while_a_driver_works()
    {
        Assert.Equal(0u, _bench.Read(Uapi.VIRTIO_MMIO_INTERRUPT_STATUS));
        Start();
        Assert.Equal(1u, _bench.Read(Uapi.VIRTIO_MMIO_INTERRUPT_STATUS));
        _bench.Mmio.SignalUsed();
        _bench.Mmio.SignalUsed();
        _bench.Mmio.SignalConfigChange();
        Assert.Equal(3, _bench.Line.Count);
        Assert.Equal(3u, _bench.Read(Uapi.VIRTIO_MMIO_INTERRUPT_STATUS));
        _bench.Write(Uapi.VIRTIO_MMIO_INTERRUPT_ACK, 1);
        Assert.Equal(3u, _bench.Read(Uapi.VIRTIO_MMIO_INTERRUPT_STATUS));
        _bench.Write(Uapi.VIRTIO_MMIO_INTERRUPT_ACK, 3);
        Assert.Equal(1u, _bench.Read(Uapi.VIRTIO_MMIO_INTERRUPT_STATUS));
        _bench.Write(Uapi.VIRTIO_MMIO_STATUS, 0);
        Assert.Equal(0u, _bench.Read(Uapi.VIRTIO_MMIO_INTERRUPT_STATUS));
    }

    [Fact]
    public void A_change_of_configuration_changes_its_generation_and_interrupts_a_driver_that_is_there()
    {
        uint generation = _bench.Read(Uapi.VIRTIO_MMIO_CONFIG_GENERATION);
        _bench.Mmio.SignalConfigChange();
        Assert.NotEqual(generation, _bench.Read(Uapi.VIRTIO_MMIO_CONFIG_GENERATION));
        Assert.Equal(0, _bench.Line.Count);
        Start();
        _bench.Mmio.SignalConfigChange();
        Assert.Equal(1, _bench.Line.Count);
    }

    [Fact]
    public void A_device_that_gives_up_says_so_once()
    {
        Start();
        _bench.Mmio.SetNeedsReset("this");
        _bench.Mmio.SetNeedsReset("that");
        Assert.True(_bench.Status.HasFlag(VirtioStatus.DEVICE_NEEDS_RESET));
        Assert.Equal(1, _bench.Line.Count);
        Assert.Contains("this", Assert.Single(_bench.Log), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_driver_nobody_is_interrupted_for_a_device_that_gives_up()
    {
        _bench.Negotiate(AllFeatures);
        _bench.Mmio.SetNeedsReset("this");
        Assert.Equal(0, _bench.Line.Count);
        _bench.AddStatus(VirtioStatus.DRIVER_OK);
        Assert.False(_bench.Status.HasFlag(VirtioStatus.DRIVER_OK));
    }

    [Fact]
    public void A_reset_takes_everything_back()
    {
        Start();
        _bench.Mmio.SignalUsed();
        _bench.Mmio.SetNeedsReset("this");
        _bench.Write(Uapi.VIRTIO_MMIO_QUEUE_NOTIFY, 1);
        _bench.Write(Uapi.VIRTIO_MMIO_STATUS, 0);

        Assert.Equal(["activate", "reset"], _device.Events);
        Assert.Equal(VirtioStatus.None, _bench.Status);
        Assert.Equal(0u, _bench.Read(Uapi.VIRTIO_MMIO_INTERRUPT_STATUS));
        _bench.Write(Uapi.VIRTIO_MMIO_QUEUE_SEL, 0);
        Assert.Equal(0u, _bench.Read(Uapi.VIRTIO_MMIO_QUEUE_READY));
        Assert.False(_bench.Mmio.QueueNotifiers[1].TryTake(out _));

        // No feature and no queue is left over.
        _bench.AddStatus(VirtioStatus.ACKNOWLEDGE | VirtioStatus.DRIVER | VirtioStatus.FEATURES_OK);
        Assert.False(_bench.Status.HasFlag(VirtioStatus.FEATURES_OK));
        _bench.Negotiate(VirtioFeatures.VIRTIO_F_VERSION_1);
        _bench.AddStatus(VirtioStatus.DRIVER_OK);
        Assert.All(_device.Activation!.Queues, Assert.Null);
    }

    [Fact]
    public void A_device_that_never_started_is_not_told_of_a_reset()
    {
        _bench.Negotiate(AllFeatures);
        _bench.Write(Uapi.VIRTIO_MMIO_STATUS, 0);
        Assert.Empty(_device.Events);
    }

    [Fact]
    public void A_queue_taken_away_from_a_working_device_stops_it()
    {
        Start();
        _bench.Write(Uapi.VIRTIO_MMIO_QUEUE_SEL, 0);
        _bench.Write(Uapi.VIRTIO_MMIO_QUEUE_READY, 0);
        Assert.Equal(0u, _bench.Read(Uapi.VIRTIO_MMIO_QUEUE_READY));
        Assert.Equal(["activate", "reset"], _device.Events);
        Assert.True(_bench.Status.HasFlag(VirtioStatus.DEVICE_NEEDS_RESET));
        _bench.Write(Uapi.VIRTIO_MMIO_STATUS, 0);
        Assert.Equal(["activate", "reset"], _device.Events);
    }

    [Fact]
    public void A_queue_can_be_laid_out_anew_before_the_start()
    {
        _bench.Negotiate(AllFeatures);
        _bench.SetUpQueue(0, s_layout with { DeviceArea = new GuestAddress(ulong.MaxValue) });
        _bench.Write(Uapi.VIRTIO_MMIO_QUEUE_READY, 0);
        _bench.SetUpQueue(0, s_layout);
        _bench.AddStatus(VirtioStatus.DRIVER_OK);
        Assert.NotNull(_device.Activation!.Queues[0]);
    }

    [Fact]
    public void A_notification_by_register_rings_that_queue_and_no_other()
    {
        Start();
        _bench.Write((int)VirtioMmioDevice.QueueNotifyOffset, 1);
        Assert.False(_bench.Mmio.QueueNotifiers[0].TryTake(out _));
        Assert.True(_bench.Mmio.QueueNotifiers[1].TryTake(out _));
        _bench.Write((int)VirtioMmioDevice.QueueNotifyOffset, 2);
        _bench.Write((int)VirtioMmioDevice.QueueNotifyOffset, uint.MaxValue);
        Assert.All(_bench.Mmio.QueueNotifiers, n => Assert.False(n.TryTake(out _)));
    }

    [Fact]
    public void Notifications_before_the_start_are_ignored()
    {
        _bench.Negotiate(AllFeatures);
        _bench.Write((int)VirtioMmioDevice.QueueNotifyOffset, 0);
        Assert.False(_bench.Mmio.QueueNotifiers[0].TryTake(out _));
    }

    [Fact]
    public void Configuration_is_read_in_any_width()
    {
        Assert.Equal("02", Config(1, 1));
        Assert.Equal("0304", Config(2, 2));
        Assert.Equal("05060708", Config(4, 4));
        Assert.Equal("0102030405060708", Config(0, 8));
        Assert.Equal("00000000", Config(8, 4));
        Assert.Equal("0000", Config(0xfe, 2));
        Assert.Equal("0203", Config(1, 2));

        string Config(ulong offset, int width)
        {
            byte[] data = new byte[width];
            _bench.Mmio.Read(0x100 + offset, data);
            return Convert.ToHexString(data);
        }
    }

    [Fact]
    public void Configuration_is_written_in_its_natural_widths()
    {
        _bench.Mmio.Write(0x104, [1, 2, 3, 4]);
        _bench.Mmio.Write(0x102, [1, 2, 3, 4]);
        _bench.Mmio.Write(0x100, [1, 2, 3]);
        Assert.Equal(["config 4 01020304"], _device.Events);
    }

    [Fact]
    public void Disposal_stops_the_device_first_and_happens_once()
    {
        Start();
        _bench.Mmio.Dispose();
        _bench.Mmio.Dispose();
        Assert.Equal(["activate", "reset", "dispose"], _device.Events);
        _bench.Write(Uapi.VIRTIO_MMIO_STATUS, 0);
        Assert.Equal(3, _device.Events.Count);
    }

    [Fact]
    public void Random_register_traffic_never_throws_and_never_starts_a_device_without_features()
    {
        Random random = new(20261121);
        for (int i = 0; i < 200_000; i++)
        {
            ulong offset = random.Next(4) == 0 ? (ulong)random.Next(0x200 - 8) : (ulong)random.Next(0x44) * 4;
            byte[] data = new byte[random.Next(5) switch { 0 => 1, 1 => 2, 2 => 8, _ => 4 }];
            if (random.Next(3) == 0)
                random.NextBytes(data);
            else
                data[0] = (byte)random.Next(16);
            if (random.Next(2) == 0)
                _bench.Mmio.Write(offset, data);
            else
                _bench.Mmio.Read(offset, data);
            if (random.Next(50) == 0)
                _bench.Negotiate(AllFeatures);
            if (_bench.Status.HasFlag(VirtioStatus.DRIVER_OK))
                Assert.True(_bench.Status.HasFlag(VirtioStatus.FEATURES_OK));
        }

        Assert.Contains("activate", _device.Events);
        Assert.Contains("reset", _device.Events);
    }

    [Fact]
    public void Register_accesses_allocate_nothing()
    {
        Start();
        Assert.Equal(0, Allocations.Of(() => Run(10000)));

        void Run(int count)
        {
            for (int i = 0; i < count; i++)
            {
                _bench.Write(Uapi.VIRTIO_MMIO_QUEUE_NOTIFY, 0);
                _bench.Mmio.SignalUsed();
                _bench.Write(Uapi.VIRTIO_MMIO_INTERRUPT_ACK, _bench.Read(Uapi.VIRTIO_MMIO_INTERRUPT_STATUS));
                _bench.Read(Uapi.VIRTIO_MMIO_QUEUE_READY);
            }
        }
    }

    private void Start()
    {
        _bench.Negotiate(AllFeatures);
        _bench.SetUpQueue(0, s_layout);
        _bench.AddStatus(VirtioStatus.DRIVER_OK);
        Assert.Equal(["activate"], _device.Events);
    }
}
