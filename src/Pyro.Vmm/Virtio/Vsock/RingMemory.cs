using System.Runtime.InteropServices;

namespace Pyro.Vmm.Virtio.Vsock;

/// <summary>Blocks of one size outside the managed heap for <see cref="ByteRing"/>s; keeps a few that were given back.</summary>
internal sealed unsafe class RingMemory(uint blockBytes) : IDisposable
{
    private const int Kept = 4;

    private readonly nint[] _free = new nint[Kept];
    private int _count;

    internal uint BlockBytes => blockBytes;

    internal nint Rent() => _count > 0 ? _free[--_count] : (nint)NativeMemory.Alloc(blockBytes);

    internal void Return(nint block)
    {
        if (_count < Kept)
            _free[_count++] = block;
        else
            NativeMemory.Free((void*)block);
    }

    public void Dispose()
    {
        while (_count > 0)
            NativeMemory.Free((void*)_free[--_count]);
    }
}
