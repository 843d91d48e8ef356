using Pyro.Kvm;
using Pyro.Kvm.Native;
using Pyro.Vmm.Disks;
using Pyro.Vmm.Memory;
using Pyro.Vmm.Virtio;
using Pyro.Vmm.Virtio.Block;

namespace Pyro.Vmm.Tests.Virtio.Block;

/// <summary>A driver's requests to a disk, without threads.</summary>
internal sealed class BlockBench : IDisposable
{
    internal const ulong HeaderAt = 0x8000;
    internal const ulong StatusAt = 0x8800;
    internal const ulong DataAt = 0x10000;

    private readonly BlockRequests _requests;
    private readonly IDiskBackend _disk;

    internal BlockBench(IDiskBackend disk, ulong? features = null)
    {
        _disk = disk;
        Queue = new QueueBench(BlockConfig.QueueSize);
        VirtioActivation activation = new()
        {
            Memory = Queue.Memory,
            Features = features ?? new BlockDevice(disk, "").Features | VirtioFeatures.Transport,
            Queues = [Queue.Queue],
            Notifiers = [],
            Counters = new VirtioCounters(),
            Transport = Queue.Transport,
        };
        byte[] id = new byte[BlockDevice.IdLength];
        "disk-7"u8.CopyTo(id);
        _requests = new BlockRequests(disk, id, activation, Log.Add);
    }

    internal List<string> Log { get; } = [];

    internal QueueBench Queue { get; }

    internal Span<byte> Data(int length) => Queue.Memory.GetSpan(new GuestAddress(DataAt), (uint)length);

    /// <summary>Puts one request through: header, data and status in pieces of their own.</summary>
    internal (byte Status, uint Written) Do(uint type, ulong sector, int length, bool deviceWrites)
    {
        PutHeader(type, sector);
        MockDriver driver = Queue.Driver;
        driver.Describe(0, HeaderAt, 16, MockDriver.Next, 1);
        driver.Describe(1, DataAt, (uint)length, MockDriver.Next | (deviceWrites ? MockDriver.Write : 0), 2);
        driver.Describe(2, StatusAt, 1, MockDriver.Write);
        return Do();
    }

    internal (byte Status, uint Written) Do()
    {
        Queue.Driver.Put(StatusAt, (byte)0xee);
        Queue.Driver.Publish(0);
        Process();
        Assert.True(Queue.Driver.TryTakeUsed(out uint id, out uint written), Queue.Transport.NeedsReset);
        Assert.Equal(0u, id);
        return (Queue.Driver.Get<byte>(StatusAt), written);
    }

    internal void PutHeader(uint type, ulong sector)
    {
        Queue.Driver.Put(HeaderAt, type);
        Queue.Driver.Put(HeaderAt + 8, sector);
    }

    internal void PutRange(int index, ulong sector, uint count, uint flags = 0)
    {
        ulong at = DataAt + (16UL * (uint)index);
        Queue.Driver.Put(at, sector);
        Queue.Driver.Put(at + 8, count);
        Queue.Driver.Put(at + 12, flags);
    }

    internal void Process() => _requests.Process(Queue.Queue);

    public void Dispose()
    {
        Queue.Dispose();
        _disk.Dispose();
    }
}
