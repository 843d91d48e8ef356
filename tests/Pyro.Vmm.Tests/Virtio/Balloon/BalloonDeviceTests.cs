using Pyro.Kvm.Native;
using Pyro.Vmm.Memory;
using Pyro.Vmm.Snapshots;
using Pyro.Vmm.Virtio;
using Pyro.Vmm.Virtio.Balloon;

namespace Pyro.Vmm.Tests.Virtio.Balloon;

public sealed class BalloonDeviceTests
{
    private const ulong Page = GuestMemory.PageSize;
    private const ulong Data = 0x10000;
    private const ulong Mark = 0x1122334455667788;
    private const ulong Reporting = 1UL << Uapi.VIRTIO_BALLOON_F_REPORTING;
    private const int Inflate = 0;
    private const int Deflate = 1;
    private const int Report = 2;

    [Fact]
    public void Reported_pages_are_given_back_and_no_other()
    {
        using QueueBench bench = new();
        MarkPages(bench.Memory, Data, 6);
        bench.Driver.Describe(0, Data + Page, (uint)Page, MockDriver.Write | MockDriver.Next, 1);
        bench.Driver.Describe(1, Data + (3 * Page), 2 * (uint)Page, MockDriver.Write);
        bench.Driver.Publish(0);
        BalloonDevice.Process(bench.Queue, bench.Memory);
        Assert.True(bench.Driver.TryTakeUsed(out uint id, out uint written));
        Assert.Equal((0u, 0u), (id, written));
        Assert.Equal([Mark, 0, Mark, 0, 0, Mark], Enumerable.Range(0, 6).Select(i => bench.Driver.Get<ulong>(Data + ((ulong)i * Page))));
        Assert.Equal(1, bench.Transport.UsedSignals);
    }

    [Fact]
    public void What_the_device_may_only_read_is_kept()
    {
        using QueueBench bench = new();
        MarkPages(bench.Memory, Data, 1);
        bench.Driver.Describe(0, Data, (uint)Page, 0);
        bench.Driver.Publish(0);
        BalloonDevice.Process(bench.Queue, bench.Memory);
        Assert.True(bench.Driver.TryTakeUsed(out _, out _));
        Assert.Equal(Mark, bench.Driver.Get<ulong>(Data));
    }

    [Fact]
    public void A_page_outside_memory_needs_a_reset_and_the_report_does_nothing()
    {
        using QueueBench bench = new();
        MarkPages(bench.Memory, Data, 1);
        bench.Driver.Describe(0, Data, (uint)Page, MockDriver.Write | MockDriver.Next, 1);
        bench.Driver.Describe(1, QueueBench.MemorySize - Page, 2 * (uint)Page, MockDriver.Write);
        bench.Driver.Publish(0);
        BalloonDevice.Process(bench.Queue, bench.Memory);
        Assert.Contains("outside guest memory", bench.Transport.NeedsReset, StringComparison.Ordinal);
        Assert.Equal(Mark, bench.Driver.Get<ulong>(Data));
        Assert.False(bench.Driver.TryTakeUsed(out _, out _));
    }

    [Fact]
    public void Of_any_range_whole_pages_within_memory_are_given_back()
    {
        const int size = 8;
        using QueueBench bench = new(size);
        var random = new Random(20261121);
        const ulong end = QueueBench.MemorySize;
        int refused = 0;
        for (int round = 0; round < 1000; round++)
        {
            bench.Restart();
            MarkPages(bench.Memory, Data, (int)((end - Data) / Page));
            var given = new HashSet<ulong>();
            int count = random.Next(1, size + 1);
            bool outside = false;
            for (int i = 0; i < count; i++)
            {
                ulong address = Data + (ulong)random.NextInt64((long)(end - Data));
                uint length = (uint)random.Next(1, 5 * (int)Page);
                if (random.Next(2) == 0)
                    (address, length) = (address & ~(Page - 1), (length + (uint)Page - 1) & ~((uint)Page - 1));
                if (random.Next(20) == 0)
                    address += random.Next(2) == 0 ? ulong.MaxValue - address : 1UL << 63;
                outside |= address > end || length > end - address;
                bench.Driver.Describe(i, address, length, MockDriver.Write | (i + 1 < count ? MockDriver.Next : 0), i + 1);
                for (ulong page = (address + Page - 1) & ~(Page - 1); !outside && page + Page <= address + length; page += Page)
                    given.Add(page);
            }

            bench.Driver.Publish(0);
            BalloonDevice.Process(bench.Queue, bench.Memory);
            Assert.Equal(outside, bench.Transport.NeedsReset is not null);
            refused += outside ? 1 : 0;
            for (ulong page = Data; page < end; page += Page)
                Assert.Equal(!outside && given.Contains(page) ? 0 : Mark, bench.Driver.Get<ulong>(page));
        }

        Assert.InRange(refused, 100, 900);
    }

    [Fact]
    public void A_driver_that_reports_its_own_queue_harms_itself_only()
    {
        using MmioBench bench = new(new BalloonDevice());
        MockDriver driver = Start(bench, Reporting)[Report];
        driver.Describe(0, 0, 16 << 20, MockDriver.Write);
        Notify(bench, driver, Report);
        Assert.True(SpinWait.SpinUntil(() => driver.Get<ulong>(driver.Layout.DescriptorArea.Value + 8) == 0, TimeSpan.FromSeconds(60)));
        driver = Start(bench, Reporting)[Report];
        AssertReports(bench, driver);
    }

    [Fact]
    public void It_offers_reporting_and_a_balloon_of_no_pages()
    {
        using MmioBench bench = new(new BalloonDevice());
        Assert.Equal((uint)Uapi.VIRTIO_ID_BALLOON, bench.Read(Uapi.VIRTIO_MMIO_DEVICE_ID));
        Assert.Equal(VirtioFeatures.Transport | Reporting, bench.DeviceFeatures());
        bench.Write(Uapi.VIRTIO_MMIO_CONFIG + 4, 7);
        Assert.Equal(0u, bench.Read(Uapi.VIRTIO_MMIO_CONFIG));
        Assert.Equal(0u, bench.Read(Uapi.VIRTIO_MMIO_CONFIG + 4));
    }

    [Fact]
    public void Its_thread_answers_each_queue_and_only_reports_give_memory_back()
    {
        using MmioBench bench = new(new BalloonDevice());
        MockDriver[] drivers = Start(bench, Reporting);
        foreach (int queue in new[] { Inflate, Deflate })
        {
            MarkPages(bench.Memory, Data, 1);
            bench.Memory.TryWrite(new GuestAddress(Data + Page), (uint)(Data / Page));
            drivers[queue].Describe(0, Data + Page, 4, 0);
            drivers[queue].Describe(1, Data, (uint)Page, MockDriver.Write);
            drivers[queue].Publish(1);
            Notify(bench, drivers[queue], queue);
            AwaitUsed(drivers[queue], 2);
            Assert.Equal(Mark, drivers[queue].Get<ulong>(Data));
        }

        AssertReports(bench, drivers[Report]);
    }

    [Fact]
    public void Without_the_feature_nothing_is_given_back()
    {
        using MmioBench bench = new(new BalloonDevice());
        MockDriver driver = Start(bench, 0)[Report];
        MarkPages(bench.Memory, Data, 1);
        driver.Describe(0, Data, (uint)Page, MockDriver.Write);
        Notify(bench, driver, Report);
        AwaitUsed(driver, 1);
        Assert.Equal(Mark, driver.Get<ulong>(Data));
    }

    [Fact]
    public void It_goes_on_after_a_pause_and_in_a_restored_machine()
    {
        using MmioBench bench = new(new BalloonDevice());
        MockDriver driver = Start(bench, Reporting)[Report];
        AssertReports(bench, driver);
        bench.Mmio.Pause();
        bench.Mmio.Resume();
        AssertReports(bench, driver);
        bench.Mmio.Pause();
        // Reported while nobody looks: the restored device finds it.
        MarkPages(bench.Memory, Data + Page, 1);
        driver.Describe(0, Data + Page, (uint)Page, MockDriver.Write);
        driver.Publish(0);
        var state = new StateWriter();
        bench.Mmio.Save(state);

        using MmioBench restored = new(new BalloonDevice(), bench.Memory);
        var reader = new StateReader(state.Written, "the balloon");
        restored.Mmio.Restore(ref reader);
        restored.Mmio.Resume();
        AwaitUsed(driver, 1);
        Assert.Equal(0UL, driver.Get<ulong>(Data + Page));
        AssertReports(restored, driver);
    }

    [Fact]
    public void Notifications_and_interrupts_are_counted()
    {
        using MmioBench bench = new(new BalloonDevice());
        MockDriver driver = Start(bench, Reporting)[Report];
        for (int i = 1; i <= 3; i++)
        {
            AssertReports(bench, driver);
            Assert.True(SpinWait.SpinUntil(() => bench.Mmio.Counters.Notifications == i, TimeSpan.FromSeconds(60)));
            Assert.True(SpinWait.SpinUntil(() => bench.Mmio.Counters.Interrupts == i, TimeSpan.FromSeconds(60)));
        }

        Assert.Equal(3, bench.Line.Count);
    }

    [Fact]
    public void A_report_allocates_nothing()
    {
        using QueueBench bench = new();
        bench.Driver.Describe(0, Data, (uint)Page, MockDriver.Write);
        Assert.Equal(0, Allocations.Of(() =>
        {
            for (int i = 0; i < 1000; i++)
            {
                bench.Driver.Publish(0);
                BalloonDevice.Process(bench.Queue, bench.Memory);
            }
        }));
        Assert.Equal(4000, bench.Driver.UsedIndex);
    }

    private static void MarkPages(GuestMemory memory, ulong at, int pages)
    {
        for (int i = 0; i < pages; i++)
            Assert.True(memory.TryWrite(new GuestAddress(at + ((ulong)i * Page)), Mark));
    }

    private static MockDriver[] Start(MmioBench bench, ulong features)
    {
        MockDriver[] drivers = [.. Enumerable.Range(1, 3).Select(i => new MockDriver(bench.Memory, (ulong)i << 12, 64))];
        bench.Negotiate(VirtioFeatures.VIRTIO_F_VERSION_1 | features);
        for (int i = 0; i < drivers.Length; i++)
            bench.SetUpQueue((uint)i, drivers[i].Layout);
        bench.AddStatus(VirtioStatus.DRIVER_OK);
        Assert.True(bench.Status.HasFlag(VirtioStatus.DRIVER_OK));
        return drivers;
    }

    private static void Notify(MmioBench bench, MockDriver driver, int queue)
    {
        driver.Publish(0);
        bench.Write((int)VirtioMmioDevice.QueueNotifyOffset, (uint)queue);
    }

    private static void AwaitUsed(MockDriver driver, int requests)
    {
        for (int i = 0; i < requests; i++)
            Assert.True(SpinWait.SpinUntil(() => driver.TryTakeUsed(out _, out _), TimeSpan.FromSeconds(60)), "not answered within a minute");
    }

    private static void AssertReports(MmioBench bench, MockDriver driver)
    {
        MarkPages(bench.Memory, Data, 2);
        driver.Describe(0, Data, (uint)Page, MockDriver.Write);
        Notify(bench, driver, Report);
        AwaitUsed(driver, 1);
        Assert.Equal(0UL, driver.Get<ulong>(Data));
        Assert.Equal(Mark, driver.Get<ulong>(Data + Page));
    }
}
