using System.Buffers.Binary;
using Pyro.Kvm.Native;
using Pyro.Vmm.Disks;
using Pyro.Vmm.Memory;
using Pyro.Vmm.Tests.Disks;
using Pyro.Vmm.Virtio;
using Pyro.Vmm.Virtio.Block;

namespace Pyro.Vmm.Tests.Virtio.Block;

/// <summary>The whole device: registers, doorbell, its own thread, interrupts.</summary>
public sealed class BlockDeviceTests
{
    private const ulong HeaderAt = 0x8000;
    private const ulong DataAt = 0x100000;

    [Fact]
    public void The_configuration_describes_the_disk()
    {
        using MmioBench bench = new(new BlockDevice(new RawDisk(TestDisk.NewFile(1 << 20), "disk.img", readOnly: false), "id"));
        Assert.Equal((uint)Uapi.VIRTIO_ID_BLOCK, bench.Read(Uapi.VIRTIO_MMIO_DEVICE_ID));
        Assert.Equal(2048u, Config(0));     // capacity
        Assert.Equal(0u, Config(4));
        Assert.Equal(4u << 20, Config(8));  // size_max
        Assert.Equal(254u, Config(12));     // seg_max: two of the queue's descriptors are header and status
        Assert.Equal(512u, Config(20));     // blk_size
        Assert.Equal(0x0008_0003u, Config(24)); // 2^3 sectors a block of the host, min_io_size 8
        Assert.Equal(1u << 21, Config(36)); // max_discard_sectors
        Assert.Equal(16u, Config(40));
        Assert.Equal(8u, Config(44));       // discard_sector_alignment
        Assert.Equal(1u << 21, Config(48)); // max_write_zeroes_sectors
        Assert.Equal(16u, Config(52));
        Assert.Equal(1u, Config(56));       // write_zeroes_may_unmap
        Assert.Equal(0u, Config(72));

        uint Config(int offset) => bench.Read(Uapi.VIRTIO_MMIO_CONFIG + offset);
    }

    [Fact]
    public void Only_a_writable_disk_offers_discard_and_only_a_read_only_one_says_so()
    {
        using MmioBench writable = new(new BlockDevice(new RawDisk(TestDisk.NewFile(4096), "disk.img", readOnly: false), "id"));
        using MmioBench readOnly = new(new BlockDevice(TestDisk.ReadOnlyDisk(new byte[4096]), "id"));
        Assert.Equal((false, true, true), Of(writable));
        Assert.Equal((true, false, false), Of(readOnly));

        static (bool ReadOnly, bool Discard, bool WriteZeroes) Of(MmioBench bench)
        {
            ulong features = bench.DeviceFeatures();
            return ((features & (1 << Uapi.VIRTIO_BLK_F_RO)) != 0, (features & (1 << Uapi.VIRTIO_BLK_F_DISCARD)) != 0, (features & (1 << Uapi.VIRTIO_BLK_F_WRITE_ZEROES)) != 0);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void No_request_and_no_interrupt_is_lost_between_the_threads(bool eventIndex)
    {
        const int Slots = 16;
        const int Requests = 20_000;
        const int Sectors = 512;
        using MmioBench bench = new(new BlockDevice(new RawDisk(TestDisk.NewFile(Sectors * 512), "disk.img", readOnly: false), "id"));
        ulong features = bench.DeviceFeatures();
        if (!eventIndex)
            features &= ~VirtioFeatures.VIRTIO_F_EVENT_IDX;
        MockDriver driver = bench.Start(features);
        Random random = new(3);
        Stack<int> free = new(Enumerable.Range(0, Slots));
        byte[] model = new byte[Sectors];
        int sent = 0;
        int done = 0;
        while (done < Requests)
        {
            while (sent < Requests && free.Count != 0 && random.Next(4) != 0)
                Send(free.Pop());
            // Sleep until an interrupt, as a driver does; one that never comes fails the test.
            driver.UsedEvent = driver.UsedSeen;
            Thread.MemoryBarrier();
            while (driver.UsedIndex == driver.UsedSeen && done < sent)
                bench.Line.Wait();
            while (driver.TryTakeUsed(out uint head, out _))
                Finish((int)head / 3);
        }

        Assert.Empty(bench.Log);

        // Slot n works on sectors whose number is n modulo the slots: no two requests under way meet.
        void Send(int slot)
        {
            int sector = (random.Next(Sectors / Slots) * Slots) + slot;
            bool write = random.Next(2) == 0;
            Span<byte> data = Data(slot);
            if (write)
                data.Fill(model[sector] = (byte)random.Next(256));
            else
                data.Fill((byte)~model[sector]);
            ulong header = HeaderAt + (32UL * (uint)slot);
            driver.Put(header, write ? (uint)Uapi.VIRTIO_BLK_T_OUT : Uapi.VIRTIO_BLK_T_IN);
            driver.Put(header + 8, (ulong)sector);
            driver.Put(header + 16, (byte)0xee);
            driver.Describe(slot * 3, header, 16, MockDriver.Next, (slot * 3) + 1);
            driver.Describe((slot * 3) + 1, DataAt + (512UL * (uint)slot), 512, MockDriver.Next | (write ? 0 : MockDriver.Write), (slot * 3) + 2);
            driver.Describe((slot * 3) + 2, header + 16, 1, MockDriver.Write);
            ushort before = driver.AvailableIndex;
            driver.Publish(slot * 3);
            Thread.MemoryBarrier();
            sent++;
            bool wanted = eventIndex ? driver.AvailableEvent == before : (driver.UsedFlags & 1) == 0;
            if (wanted)
                bench.Write((int)VirtioMmioDevice.QueueNotifyOffset, 0);
        }

        void Finish(int slot)
        {
            ulong header = HeaderAt + (32UL * (uint)slot);
            Assert.Equal(0, driver.Get<byte>(header + 16));
            byte expected = model[driver.Get<ulong>(header + 8)];
            Assert.False(Data(slot).ContainsAnyExcept(expected));
            free.Push(slot);
            done++;
        }

        Span<byte> Data(int slot) => bench.Memory.GetSpan(new GuestAddress(DataAt + (512UL * (uint)slot)), 512);
    }

    [Fact]
    public void What_was_queued_before_the_start_is_done_without_a_notification()
    {
        using MmioBench bench = new(new BlockDevice(TestDisk.ReadOnlyDisk(new byte[4096]), "serial-of-the-first-disk"));
        MockDriver driver = new(bench.Memory, 0x1000, 16);
        bench.Negotiate(bench.DeviceFeatures());
        bench.SetUpQueue(0, driver.Layout);
        GetId(driver);
        bench.AddStatus(VirtioStatus.DRIVER_OK);
        bench.Line.Wait();
        Assert.True(driver.TryTakeUsed(out _, out uint written));
        Assert.Equal(21u, written);
        Assert.Equal("serial-of-the-first-"u8.ToArray(), bench.Memory.GetSpan(new GuestAddress(DataAt), 20).ToArray());
    }

    [Fact]
    public void A_reset_stops_the_thread_and_a_new_start_works()
    {
        using MmioBench bench = new(new BlockDevice(TestDisk.ReadOnlyDisk(new byte[4096]), "id"));
        for (int i = 0; i < 50; i++)
        {
            MockDriver driver = bench.Start(bench.DeviceFeatures());
            GetId(driver);
            bench.Write((int)VirtioMmioDevice.QueueNotifyOffset, 0);
            bench.Line.Wait();
            Assert.True(driver.TryTakeUsed(out _, out _));
            bench.Write(Uapi.VIRTIO_MMIO_STATUS, 0);

            // After the reset the device sees nothing any more.
            GetId(driver);
            bench.Write((int)VirtioMmioDevice.QueueNotifyOffset, 0);
            Assert.False(driver.TryTakeUsed(out _, out _));
        }
    }

    [Fact]
    public void A_driver_that_never_stops_queueing_cannot_keep_the_device_from_its_reset()
    {
        using MmioBench bench = new(new BlockDevice(TestDisk.ReadOnlyDisk(new byte[4096]), "id"));
        MockDriver driver = bench.Start(bench.DeviceFeatures());
        bool stop = false;
        // Queued before the one notification, or the device may find nothing and sleep.
        GetId(driver);
        Thread guest = new(() =>
        {
            while (!Volatile.Read(ref stop))
            {
                if ((ushort)(driver.AvailableIndex - driver.UsedIndex) < 32)
                    driver.Publish(0);
            }
        });
        guest.Start();
        try
        {
            bench.Write((int)VirtioMmioDevice.QueueNotifyOffset, 0);
            bench.Line.Wait();
            bench.Write(Uapi.VIRTIO_MMIO_STATUS, 0);
            Assert.Equal(VirtioStatus.None, bench.Status);
        }
        finally
        {
            // It writes to the memory that goes next.
            Volatile.Write(ref stop, true);
            guest.Join();
        }
    }

    [Fact]
    public void A_hostile_driver_is_told_by_an_interrupt_that_the_device_needs_a_reset()
    {
        using MmioBench bench = new(new BlockDevice(TestDisk.ReadOnlyDisk(new byte[4096]), "id"));
        MockDriver driver = bench.Start(bench.DeviceFeatures());
        driver.Describe(0, ulong.MaxValue, 16, 0);
        driver.Publish(0);
        bench.Write((int)VirtioMmioDevice.QueueNotifyOffset, 0);
        bench.Line.Wait();
        Assert.True(bench.Status.HasFlag(VirtioStatus.DEVICE_NEEDS_RESET));
        Assert.Equal((uint)(Uapi.VIRTIO_MMIO_INT_CONFIG | Uapi.VIRTIO_MMIO_INT_VRING), bench.Read(Uapi.VIRTIO_MMIO_INTERRUPT_STATUS));
        Assert.Contains("outside guest memory", Assert.Single(bench.Log), StringComparison.Ordinal);
    }

    private static void GetId(MockDriver driver)
    {
        driver.Put(HeaderAt, (uint)Uapi.VIRTIO_BLK_T_GET_ID);
        driver.Describe(0, HeaderAt, 16, MockDriver.Next, 1);
        driver.Describe(1, DataAt, 21, MockDriver.Write);
        driver.Publish(0);
    }
}
