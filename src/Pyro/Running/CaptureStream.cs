using System.Text;

namespace Pyro.Running;

/// <summary>Keeps the first bytes written to it and counts the rest away.</summary>
internal sealed class CaptureStream(int limit) : Stream
{
    private readonly MemoryStream _kept = new();

    internal bool Truncated { get; private set; }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>What was kept, bytes that are not UTF-8 replaced.</summary>
    internal string Text
    {
        get
        {
            ReadOnlySpan<byte> bytes = _kept.GetBuffer().AsSpan(0, (int)_kept.Length);
            return Encoding.UTF8.GetString(Truncated ? WithoutCutCharacter(bytes) : bytes);
        }
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        int room = limit - (int)_kept.Length;
        if (buffer.Length > room)
            Truncated = true;
        _kept.Write(buffer[..Math.Min(room, buffer.Length)]);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    // A limit can fall into a character of several bytes; half of one would show as a replacement character.
    private static ReadOnlySpan<byte> WithoutCutCharacter(ReadOnlySpan<byte> bytes)
    {
        for (int back = 1; back <= Math.Min(3, bytes.Length); back++)
        {
            byte b = bytes[^back];
            if ((b & 0xC0) == 0x80)
                continue;
            int length = b >= 0xF0 ? 4 : b >= 0xE0 ? 3 : b >= 0xC0 ? 2 : 1;
            return length > back ? bytes[..^back] : bytes;
        }
        return bytes;
    }
}
