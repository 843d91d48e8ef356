using System.Text;

namespace Pyro.Vmm.Devices;

/// <summary>
/// Keeps the guest's console: the last part in memory, for fault reports, and all of it up to a limit in a file, if there is one.
/// </summary>
public sealed class ConsoleLog : ISerialOutput, IDisposable
{
    private const int TailSize = 16 * 1024;

    /// <summary>A guest that prints without end must not fill the host's disk.</summary>
    private const long MaxFileSize = 16 * 1024 * 1024;

    private const string Panic = "Kernel panic - not syncing";

    private readonly Lock _lock = new();
    private readonly byte[] _tail = new byte[TailSize];
    private readonly byte[] _pending = new byte[512];
    private readonly Stream? _file;
    private long _total;
    private long _written;
    private int _pendingCount;

    /// <param name="file">Where to keep it, or null for memory alone. Owned from here on.</param>
    public ConsoleLog(Stream? file) => _file = file;

    /// <inheritdoc/>
    public void Write(byte value)
    {
        lock (_lock)
        {
            _tail[_total++ % TailSize] = value;
            _pending[_pendingCount++] = value;
            if (value == (byte)'\n' || _pendingCount == _pending.Length)
            {
                FlushPending();
            }
        }
    }

    /// <summary>The last lines, at most 16 KiB, with bytes that are not UTF-8 replaced.</summary>
    public string Tail()
    {
        lock (_lock)
        {
            int count = (int)Math.Min(_total, TailSize);
            byte[] ordered = new byte[count];
            for (int i = 0; i < count; i++)
            {
                ordered[i] = _tail[(_total - count + i) % TailSize];
            }

            return Encoding.UTF8.GetString(ordered).Replace("\r", "", StringComparison.Ordinal);
        }
    }

    /// <summary>The line in which the kernel said that it panicked, or null.</summary>
    public string? FindPanic()
    {
        string tail = Tail();
        int start = tail.IndexOf(Panic, StringComparison.Ordinal);
        if (start < 0)
        {
            return null;
        }

        int end = tail.IndexOf('\n', start);
        return (end < 0 ? tail[start..] : tail[start..end]).TrimEnd();
    }

    /// <summary>Writes what is left of a last line without an end.</summary>
    public void Flush()
    {
        lock (_lock)
        {
            FlushPending();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            FlushPending();
            _file?.Dispose();
        }
    }

    private void FlushPending()
    {
        if (_file is not null && _written < MaxFileSize)
        {
            try
            {
                _file.Write(_pending, 0, _pendingCount);
                _file.Flush();
                _written += _pendingCount;
            }
            catch (IOException)
            {
                // The host's disk is full. The machine goes on; its console goes on in memory alone.
                _written = MaxFileSize;
            }
        }

        _pendingCount = 0;
    }
}
