using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace Pyro.Protocol;

/// <summary>
/// Reads a payload from front to back. Every length is checked against what is left before it is used, so that no
/// input makes it read outside the payload or allocate more than a small multiple of it.
/// </summary>
/// <param name="payload">The payload; bytes that are left over belong to newer peers and are ignored.</param>
public ref struct PayloadReader(ReadOnlySpan<byte> payload)
{
    private ReadOnlySpan<byte> _rest = payload;

    /// <summary>Bytes not read yet.</summary>
    public readonly int Remaining => _rest.Length;

    /// <summary>Reads one byte.</summary>
    /// <exception cref="ProtocolException">The payload ends too early.</exception>
    public byte ReadByte() => Take(1)[0];

    /// <summary>Reads a 16-bit integer.</summary>
    /// <exception cref="ProtocolException">The payload ends too early.</exception>
    public ushort ReadUInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(sizeof(ushort)));

    /// <summary>Reads a 32-bit integer.</summary>
    /// <exception cref="ProtocolException">The payload ends too early.</exception>
    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)));

    /// <summary>Reads a signed 32-bit integer.</summary>
    /// <exception cref="ProtocolException">The payload ends too early.</exception>
    public int ReadInt32() => (int)ReadUInt32();

    /// <summary>Reads a 64-bit integer.</summary>
    /// <exception cref="ProtocolException">The payload ends too early.</exception>
    public ulong ReadUInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)));

    /// <summary>Reads the count of a list whose elements take at least <paramref name="minimumElementSize"/> bytes.</summary>
    /// <exception cref="ProtocolException">More elements are announced than the payload could hold.</exception>
    public int ReadCount(int minimumElementSize)
    {
        uint count = ReadUInt32();
        if (count > (uint)(_rest.Length / minimumElementSize))
            throw new ProtocolException($"a list announces {count} elements in {_rest.Length} bytes");

        return (int)count;
    }

    /// <summary>Reads a length and so many bytes of UTF-8.</summary>
    /// <exception cref="ProtocolException">The payload ends too early, or the bytes are not UTF-8.</exception>
    public string ReadString()
    {
        uint length = ReadUInt32();
        if (length > (uint)_rest.Length)
            throw new ProtocolException($"a string announces {length} bytes, {_rest.Length} are left");

        ReadOnlySpan<byte> bytes = Take((int)length);
        if (!Utf8.IsValid(bytes))
            throw new ProtocolException("a string is not UTF-8");

        return Encoding.UTF8.GetString(bytes);
    }

    /// <summary>Reads a length and so many bytes.</summary>
    /// <exception cref="ProtocolException">The payload ends too early, or there are more than <paramref name="most"/>.</exception>
    public ReadOnlySpan<byte> ReadBytes(int most)
    {
        uint length = ReadUInt32();
        return length <= (uint)most ? Take((int)length) : throw new ProtocolException($"a field announces {length} bytes, at most {most} are taken");
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length)
            throw new ProtocolException($"a payload ends {count - _rest.Length} bytes too early");

        ReadOnlySpan<byte> taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}
