using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Virtio.Vsock;

/// <summary>Bytes of the guest that the host program has no room for yet. Holds memory only while it holds bytes.</summary>
internal unsafe struct ByteRing(RingMemory pool)
{
    private readonly RingMemory _pool = pool;
    private byte* _block;
    private uint _start;

    /// <summary>Bytes held.</summary>
    internal uint Count { get; private set; }

    /// <summary>Copies bytes out of guest memory. The caller has checked that they fit.</summary>
    internal void Append(ReadOnlySpan<IoVector> pieces)
    {
        foreach (IoVector piece in pieces)
            Append(new ReadOnlySpan<byte>((byte*)piece.Base, (int)piece.Length)); // SAFETY: the queue checked the piece against guest memory.
    }

    /// <summary>The bytes held, oldest first.</summary>
    /// <param name="into">Room for two pieces.</param>
    /// <returns>How many pieces they are.</returns>
    internal readonly int Pieces(Span<IoVector> into)
    {
        if (Count == 0)
            return 0;
        uint first = Math.Min(Count, _pool.BlockBytes - _start);
        into[0] = new IoVector((nint)(_block + _start), first);
        if (first == Count)
            return 1;
        into[1] = new IoVector((nint)_block, Count - first);
        return 2;
    }

    /// <summary>Drops the oldest bytes.</summary>
    internal void Consume(uint bytes)
    {
        Count -= bytes;
        _start = (_start + bytes) % _pool.BlockBytes;
        if (Count == 0)
            Clear();
    }

    /// <summary>Drops all bytes and gives the memory back.</summary>
    internal void Clear()
    {
        if (_block is not null)
            _pool.Return((nint)_block);
        _block = null;
        _start = 0;
        Count = 0;
    }

    private void Append(ReadOnlySpan<byte> data)
    {
        if (data.IsEmpty)
            return;
        if (data.Length > _pool.BlockBytes - Count)
            throw new InvalidOperationException("more bytes than the connection's credit");
        if (_block is null)
            _block = (byte*)_pool.Rent();

        uint end = (_start + Count) % _pool.BlockBytes;
        int first = (int)Math.Min((uint)data.Length, _pool.BlockBytes - end);
        // SAFETY: end + first is at most the block's size, the rest goes to its front; the sum fits, as just checked.
        data[..first].CopyTo(new Span<byte>(_block + end, first));
        data[first..].CopyTo(new Span<byte>(_block, data.Length - first));
        Count += (uint)data.Length;
    }
}
