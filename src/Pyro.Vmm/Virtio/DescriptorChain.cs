using System.Runtime.InteropServices;
using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Virtio;

/// <summary>One request of the driver: the bytes it gives, then the bytes it wants, as pieces of host memory.</summary>
/// <remarks>
/// Every piece was checked against guest memory. The guest can change the bytes at any time: copy a value, then check the copy.
/// How the driver cut its request into pieces means nothing (virtio 1.2, 2.7.4), so readers go by offset.
/// Good until the next <see cref="VirtQueue.TryPop"/> on the same queue.
/// </remarks>
public readonly unsafe ref struct DescriptorChain
{
    private readonly Span<IoVector> _scratch;

    internal DescriptorChain(ushort head, ReadOnlySpan<IoVector> readable, ReadOnlySpan<IoVector> writable, Span<IoVector> scratch)
    {
        Head = head;
        Readable = readable;
        Writable = writable;
        ReadableLength = (uint)IoVector.TotalLength(readable);
        WritableLength = (uint)IoVector.TotalLength(writable);
        _scratch = scratch;
    }

    /// <summary>Names the chain for <see cref="VirtQueue.AddUsed"/>.</summary>
    public ushort Head { get; }

    /// <summary>The pieces the device may read.</summary>
    public ReadOnlySpan<IoVector> Readable { get; }

    /// <summary>The pieces the device may write.</summary>
    public ReadOnlySpan<IoVector> Writable { get; }

    /// <summary>Bytes in <see cref="Readable"/>.</summary>
    public uint ReadableLength { get; }

    /// <summary>Bytes in <see cref="Writable"/>.</summary>
    public uint WritableLength { get; }

    /// <summary>Copies bytes out of the readable part.</summary>
    /// <param name="offset">Bytes into the readable part.</param>
    /// <param name="into">Filled whole.</param>
    /// <returns>False, with nothing copied, if the part is too short.</returns>
    public bool TryRead(uint offset, Span<byte> into)
    {
        if (offset > ReadableLength || (uint)into.Length > ReadableLength - offset)
            return false;
        foreach (IoVector piece in Readable)
        {
            if (into.IsEmpty)
                break;
            if (offset >= piece.Length)
            {
                offset -= (uint)piece.Length;
                continue;
            }

            int count = (int)Math.Min((ulong)piece.Length - offset, (ulong)into.Length);
            // SAFETY: the queue checked the piece against guest memory; offset + count lies within it.
            new ReadOnlySpan<byte>((byte*)piece.Base + offset, count).CopyTo(into);
            into = into[count..];
            offset = 0;
        }

        return true;
    }

    /// <summary>Copies a value out of the readable part.</summary>
    /// <param name="offset">Bytes into the readable part.</param>
    /// <param name="value">The value, or zeros.</param>
    /// <returns>False if the part is too short.</returns>
    public bool TryRead<T>(uint offset, out T value)
        where T : unmanaged
    {
        value = default;
        return TryRead(offset, MemoryMarshal.AsBytes(new Span<T>(ref value)));
    }

    /// <summary>Copies bytes into the writable part.</summary>
    /// <param name="offset">Bytes into the writable part.</param>
    /// <param name="data">Copied whole.</param>
    /// <returns>False, with nothing copied, if the part is too short.</returns>
    public bool TryWrite(uint offset, ReadOnlySpan<byte> data)
    {
        if (offset > WritableLength || (uint)data.Length > WritableLength - offset)
            return false;
        foreach (IoVector piece in Writable)
        {
            if (data.IsEmpty)
                break;
            if (offset >= piece.Length)
            {
                offset -= (uint)piece.Length;
                continue;
            }

            int count = (int)Math.Min((ulong)piece.Length - offset, (ulong)data.Length);
            // SAFETY: the queue checked the piece against guest memory; offset + count lies within it.
            data[..count].CopyTo(new Span<byte>((byte*)piece.Base + offset, count));
            data = data[count..];
            offset = 0;
        }

        return true;
    }

    /// <summary>Copies a value into the writable part.</summary>
    /// <param name="offset">Bytes into the writable part.</param>
    /// <param name="value">The value.</param>
    /// <returns>False, with nothing copied, if the part is too short.</returns>
    public bool TryWrite<T>(uint offset, in T value)
        where T : unmanaged => TryWrite(offset, MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));

    /// <summary>Cuts a range out of the readable part, for pwritev(2) and the like without a copy.</summary>
    /// <param name="offset">Bytes into the readable part.</param>
    /// <param name="length">Bytes; fewer if the part is shorter.</param>
    /// <returns>The cut, good until the next cut out of the same queue's chains.</returns>
    public ReadOnlySpan<IoVector> SliceReadable(uint offset, uint length) =>
        _scratch[..IoVector.Slice(Readable, offset, length, _scratch)];

    /// <summary>Cuts a range out of the writable part, for preadv(2) and the like without a copy.</summary>
    /// <param name="offset">Bytes into the writable part.</param>
    /// <param name="length">Bytes; fewer if the part is shorter.</param>
    /// <returns>The cut, good until the next cut out of the same queue's chains.</returns>
    public ReadOnlySpan<IoVector> SliceWritable(uint offset, uint length) =>
        _scratch[..IoVector.Slice(Writable, offset, length, _scratch)];
}
