using Pyro.Vmm.Memory;
using Pyro.Vmm.Virtio;

namespace Pyro.Vmm.Tests.Virtio;

/// <summary>A queue with a driver on one side and a transport on the other, without threads.</summary>
internal sealed class QueueBench : IDisposable
{
    internal const ulong AllFeatures = VirtioFeatures.Transport;
    internal const ulong MemorySize = 1 << 20;

    internal QueueBench(ushort size = 8, ulong features = AllFeatures, ushort? maxChain = null, ushort start = 0)
    {
        Driver = new MockDriver(Memory, 0x1000, size);
        Driver.StartAt(start);
        Features = features;
        MaxChain = maxChain ?? size;
        Queue = Open(new VirtQueueState(start, start));
    }

    internal GuestMemory Memory { get; } = GuestMemory.Create(MemorySize);

    internal MockDriver Driver { get; }

    internal RecordingTransport Transport { get; private set; } = new();

    internal VirtQueue Queue { get; private set; }

    internal ulong Features { get; }

    internal ushort MaxChain { get; }

    /// <summary>Resets both sides.</summary>
    internal void Restart()
    {
        Driver.Clear();
        Transport = new RecordingTransport();
        Queue = Open(default);
    }

    internal VirtQueue Open(VirtQueueState state)
    {
        Assert.True(VirtQueue.TryCreate(Memory, Transport, 0, Driver.Layout, MaxChain, Features, state, out VirtQueue? queue));
        return queue!;
    }

    /// <summary>Takes the next request, which must be the breaking of a rule.</summary>
    internal void ExpectBroken(string reason)
    {
        Assert.False(Queue.TryPop(out _));
        Assert.True(Queue.IsBroken);
        Assert.Contains(reason, Transport.NeedsReset, StringComparison.Ordinal);
        Assert.False(Queue.TryPop(out _));
        Assert.False(Queue.EnableNotifications());
    }

    public void Dispose() => Memory.Dispose();
}
