using Pyro.Agent.Loop;
using Pyro.Agent.Native;

namespace Pyro.Agent.Exec;

/// <summary>
/// Standard input on its way into a command, at most <see cref="Window"/> bytes of it: what the pipe does not take now
/// waits here, and is what the host got no new credit for.
/// </summary>
internal sealed class InputQueue
{
    /// <summary>Bytes the host may have sent that the command has not taken.</summary>
    public const int Window = 64 * 1024;

    private byte[]? _buffer;
    private int _start;
    private int _end;

    /// <summary>Bytes waiting.</summary>
    public int Count => _end - _start;

    /// <summary>Writes what the descriptor takes and keeps the rest. Bytes written, or -1 if nobody reads any more.</summary>
    public int Write(int fd, ReadOnlySpan<byte> data)
    {
        int written = 0;
        if (Count == 0)
        {
            written = WriteSome(fd, data);
            if (written < 0)
                return -1;
            data = data[written..];
        }

        if (!data.IsEmpty)
            Keep(data);
        return written;
    }

    /// <summary>Writes what waits, as far as the descriptor takes it. Bytes written, or -1 if nobody reads any more.</summary>
    public int Flush(int fd)
    {
        if (Count == 0)
            return 0;

        int written = WriteSome(fd, _buffer.AsSpan(_start, Count));
        if (written < 0)
            return -1;
        _start += written;
        if (Count == 0)
            Clear();
        return written;
    }

    public void Clear()
    {
        if (_buffer is not null)
            BufferPool.Return(_buffer);
        _buffer = null;
        _start = _end = 0;
    }

    private void Keep(ReadOnlySpan<byte> data)
    {
        _buffer ??= BufferPool.Rent();
        if (_end + data.Length > _buffer.Length)
        {
            _buffer.AsSpan(_start, Count).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        data.CopyTo(_buffer.AsSpan(_end));
        _end += data.Length;
    }

    private static int WriteSome(int fd, ReadOnlySpan<byte> data)
    {
        int total = 0;
        while (total < data.Length)
        {
            int count = Sys.Write(fd, data[total..]);
            if (count < 0)
                return Sys.Errno == Linux.EAGAIN ? total : -1;
            total += count;
        }

        return total;
    }
}
