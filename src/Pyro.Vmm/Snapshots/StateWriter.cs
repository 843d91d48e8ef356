using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Pyro.Vmm.Snapshots;

/// <summary>Puts state into bytes: values as they lie in memory, little-endian, each behind its length.</summary>
internal sealed class StateWriter
{
    private readonly ArrayBufferWriter<byte> _buffer = new(4096);

    internal ReadOnlySpan<byte> Written => _buffer.WrittenSpan;

    internal void Write<T>(in T value)
        where T : unmanaged => WriteBytes(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));

    internal void WriteArray<T>(ReadOnlySpan<T> values)
        where T : unmanaged => WriteBytes(MemoryMarshal.AsBytes(values));

    internal void WriteBytes(ReadOnlySpan<byte> bytes)
    {
        BinaryPrimitives.WriteInt32LittleEndian(_buffer.GetSpan(sizeof(int)), bytes.Length);
        _buffer.Advance(sizeof(int));
        _buffer.Write(bytes);
    }
}
