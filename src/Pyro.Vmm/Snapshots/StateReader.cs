using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Pyro.Vmm.Snapshots;

/// <summary>Takes apart what <see cref="StateWriter"/> wrote. Nothing in it is trusted: every length is checked.</summary>
internal ref struct StateReader(ReadOnlySpan<byte> data, string what)
{
    private ReadOnlySpan<byte> _rest = data;

    internal readonly bool AtEnd => _rest.IsEmpty;

    internal T Read<T>()
        where T : unmanaged
    {
        ReadOnlySpan<byte> bytes = ReadBytes();
        return bytes.Length == Unsafe.SizeOf<T>() ? MemoryMarshal.Read<T>(bytes) : throw Damaged();
    }

    internal T[] ReadArray<T>(int most)
        where T : unmanaged
    {
        ReadOnlySpan<byte> bytes = ReadBytes();
        if (bytes.Length % Unsafe.SizeOf<T>() != 0 || bytes.Length / Unsafe.SizeOf<T>() > most)
            throw Damaged();
        return MemoryMarshal.Cast<byte, T>(bytes).ToArray();
    }

    internal ReadOnlySpan<byte> ReadBytes()
    {
        if (_rest.Length < sizeof(int))
            throw Damaged();
        int length = BinaryPrimitives.ReadInt32LittleEndian(_rest);
        if (length < 0 || length > _rest.Length - sizeof(int))
            throw Damaged();
        ReadOnlySpan<byte> bytes = _rest.Slice(sizeof(int), length);
        _rest = _rest[(sizeof(int) + length)..];
        return bytes;
    }

    internal readonly SnapshotException Damaged() => new($"the snapshot's state of {what} is damaged, or of another version");
}
