using Pyro.Kvm.Native;
using Pyro.Vmm.Memory;
using Pyro.Vmm.Virtio;
using Pyro.Vmm.Virtio.Rng;

namespace Pyro.Vmm.Tests.Virtio.Rng;

public sealed class RngDeviceTests
{
    private const ulong Data = 0x10000;

    [Fact]
    public void Every_wanted_byte_is_random_and_no_other_is_touched()
    {
        using QueueBench bench = new();
        bench.Driver.Describe(0, Data, 100, MockDriver.Write | MockDriver.Next, 1);
        bench.Driver.Describe(1, Data + 200, 100, MockDriver.Write);
        // A byte that is zero four times over is one in four billion.
        byte[] seen = new byte[400];
        for (int i = 0; i < 4; i++)
        {
            bench.Memory.GetSpan(new GuestAddress(Data), 400).Clear();
            bench.Driver.Publish(0);
            RngDevice.Process(bench.Queue);
            Assert.True(bench.Driver.TryTakeUsed(out _, out uint written));
            Assert.Equal(200u, written);
            for (int b = 0; b < 400; b++)
                seen[b] |= bench.Memory.GetSpan(new GuestAddress(Data), 400)[b];
        }

        Assert.All(seen[..100], b => Assert.NotEqual(0, b));
        Assert.All(seen[200..300], b => Assert.NotEqual(0, b));
        Assert.Equal(new byte[100], seen[100..200]);
        Assert.Equal(new byte[100], seen[300..]);
    }

    [Fact]
    public void One_request_gives_a_bounded_number_of_bytes()
    {
        using QueueBench bench = new();
        bench.Driver.Describe(0, Data, 500_000, MockDriver.Write);
        bench.Driver.Publish(0);
        RngDevice.Process(bench.Queue);
        Assert.True(bench.Driver.TryTakeUsed(out _, out uint written));
        Assert.Equal(RngDevice.MaxRequestBytes, written);
        Assert.Equal(0u, bench.Driver.Get<uint>(Data + RngDevice.MaxRequestBytes));
    }

    [Fact]
    public void A_request_that_wants_nothing_gets_nothing()
    {
        using QueueBench bench = new();
        bench.Driver.Describe(0, Data, 16, 0);
        bench.Driver.Publish(0);
        RngDevice.Process(bench.Queue);
        Assert.True(bench.Driver.TryTakeUsed(out _, out uint written));
        Assert.Equal(0u, written);
        Assert.Equal(0UL, bench.Driver.Get<ulong>(Data));
    }

    [Fact]
    public void The_device_answers_notifications()
    {
        using MmioBench bench = new(new RngDevice());
        Assert.Equal((uint)Uapi.VIRTIO_ID_RNG, bench.Read(Uapi.VIRTIO_MMIO_DEVICE_ID));
        MockDriver driver = bench.Start(VirtioFeatures.Transport);
        driver.Describe(0, Data, 8, MockDriver.Write);
        driver.Publish(0);
        bench.Write((int)VirtioMmioDevice.QueueNotifyOffset, 0);
        bench.Line.Wait();
        Assert.True(driver.TryTakeUsed(out _, out uint written));
        Assert.Equal(8u, written);
    }
}
