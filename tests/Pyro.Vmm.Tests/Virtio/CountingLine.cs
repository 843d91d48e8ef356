using Pyro.Vmm.Virtio;

namespace Pyro.Vmm.Tests.Virtio;

/// <summary>An interrupt line that counts, and that a test can wait for.</summary>
internal sealed class CountingLine : IInterruptLine, IDisposable
{
    private readonly SemaphoreSlim _edges = new(0);
    private int _count;

    internal int Count => Volatile.Read(ref _count);

    public void Trigger()
    {
        Interlocked.Increment(ref _count);
        _edges.Release();
    }

    internal void Wait() => Assert.True(_edges.Wait(TimeSpan.FromSeconds(60)), "no interrupt within a minute");

    public void Dispose() => _edges.Dispose();
}
