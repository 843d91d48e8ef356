using System.Buffers.Binary;
using System.Text;

namespace Pyro.Protocol;

/// <summary>Writes a payload from front to back into a span that the message itself has measured.</summary>
/// <param name="destination">Where the payload goes; running past its end throws, as any span does.</param>
public ref struct PayloadWriter(Span<byte> destination)
{
    private Span<byte> _rest = destination;

    /// <summary>Bytes that can still be written.</summary>
    public readonly int Remaining => _rest.Length;

    /// <summary>Writes one byte.</summary>
    public void WriteByte(byte value) => Take(1)[0] = value;

    /// <summary>Writes a 16-bit integer.</summary>
    public void WriteUInt16(ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(Take(sizeof(ushort)), value);

    /// <summary>Writes a 32-bit integer.</summary>
    public void WriteUInt32(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Take(sizeof(uint)), value);

    /// <summary>Writes a signed 32-bit integer.</summary>
    public void WriteInt32(int value) => WriteUInt32((uint)value);

    /// <summary>Writes a 64-bit integer.</summary>
    public void WriteUInt64(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Take(sizeof(ulong)), value);

    /// <summary>Writes the byte count of the text's UTF-8 and then the UTF-8.</summary>
    public void WriteString(string value)
    {
        int length = Encoding.UTF8.GetByteCount(value);
        WriteUInt32((uint)length);
        Encoding.UTF8.GetBytes(value, Take(length));
    }

    /// <summary>Writes the count of the bytes and then the bytes.</summary>
    public void WriteBytes(ReadOnlySpan<byte> value)
    {
        WriteUInt32((uint)value.Length);
        value.CopyTo(Take(value.Length));
    }

    /// <summary>Bytes that <see cref="WriteString"/> takes for this text.</summary>
    public static int SizeOf(string value) => sizeof(uint) + Encoding.UTF8.GetByteCount(value);

    private Span<byte> Take(int count)
    {
        Span<byte> taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}
