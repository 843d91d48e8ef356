using BenchmarkDotNet.Attributes;
using Pyro.Vmm.Memory;
using Pyro.Vmm.Virtio;

namespace Pyro.Benchmarks;

/// <summary>One request through a queue: the driver's two descriptors are taken, checked, and given back.</summary>
[MemoryDiagnoser]
public class QueuePop : IVirtioTransport, IDisposable
{
    private const ushort Size = 256;
    private const ulong Descriptors = 0x1000, Available = 0x3000, Used = 0x4000, Buffer = 0x10000;

    private readonly GuestMemory _memory = GuestMemory.Create(1 << 20);
    private VirtQueue _queue = null!;
    private ushort _published;

    [GlobalSetup]
    public void Setup()
    {
        for (ulong i = 0; i < Size; i += 2)
        {
            Describe(i, Buffer, 16, flags: 1, next: (ushort)(i + 1));
            Describe(i + 1, Buffer + 0x1000, 4096, flags: 2, next: 0);
        }
        var layout = new VirtQueueLayout(Size, new GuestAddress(Descriptors), new GuestAddress(Available), new GuestAddress(Used));
        if (!VirtQueue.TryCreate(_memory, this, 0, layout, Size, VirtioFeatures.VIRTIO_F_VERSION_1, default, out VirtQueue? queue))
            throw new InvalidOperationException("the queue was refused");
        _queue = queue!;
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _memory.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark]
    public uint Publish_pop_and_use()
    {
        ushort slot = (ushort)(_published % Size);
        _memory.TryWrite(new GuestAddress(Available + 4 + (slot * 2UL)), (ushort)(slot & ~1));
        _memory.TryWrite(new GuestAddress(Available + 2), ++_published);
        if (!_queue.TryPop(out DescriptorChain chain))
            throw new InvalidOperationException("the queue is empty");
        _queue.AddUsed(chain.Head, 4096);
        _queue.NotifyUsed();
        return chain.Head;
    }

    void IVirtioTransport.SignalUsed()
    {
    }

    void IVirtioTransport.SignalConfigChange()
    {
    }

    void IVirtioTransport.SetNeedsReset(string reason) => throw new InvalidOperationException(reason);

    private void Describe(ulong index, ulong address, uint length, ushort flags, ushort next)
    {
        ulong at = Descriptors + (index * 16);
        _memory.TryWrite(new GuestAddress(at), address);
        _memory.TryWrite(new GuestAddress(at + 8), length);
        _memory.TryWrite(new GuestAddress(at + 12), flags);
        _memory.TryWrite(new GuestAddress(at + 14), next);
    }
}
