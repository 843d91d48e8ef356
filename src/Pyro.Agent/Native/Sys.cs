using System.Runtime.InteropServices;
using System.Text;

namespace Pyro.Agent.Native;

/// <summary>What the agent asks of the kernel in more than one place.</summary>
internal static unsafe class Sys
{
    /// <summary>The errno of the last call.</summary>
    public static int Errno => Marshal.GetLastPInvokeError();

    /// <summary>Nanoseconds since the kernel started.</summary>
    public static ulong Now()
    {
        Timespec time;
        _ = Libc.clock_gettime(Linux.CLOCK_MONOTONIC, &time);
        return ((ulong)time.Seconds * 1_000_000_000) + (ulong)time.Nanoseconds;
    }

    public static void Close(ref int fd)
    {
        if (fd >= 0)
            _ = Libc.close(fd);
        fd = -1;
    }

    /// <summary>Reads; -1 and <see cref="Errno"/> on failure, never EINTR.</summary>
    public static int Read(int fd, Span<byte> buffer)
    {
        fixed (byte* p = buffer)
        {
            nint count;
            do
                count = Libc.read(fd, p, (nuint)buffer.Length);
            while (count < 0 && Errno == Linux.EINTR);
            return (int)count;
        }
    }

    /// <summary>Writes; -1 and <see cref="Errno"/> on failure, never EINTR.</summary>
    public static int Write(int fd, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* p = bytes)
        {
            nint count;
            do
                count = Libc.write(fd, p, (nuint)bytes.Length);
            while (count < 0 && Errno == Linux.EINTR);
            return (int)count;
        }
    }

    /// <summary>Opens a file; -1 and <see cref="Errno"/> on failure.</summary>
    public static int Open(ReadOnlySpan<byte> pathWithNul, int flags, uint mode = 0)
    {
        fixed (byte* p = pathWithNul)
            return Libc.open(p, flags | Linux.O_CLOEXEC, mode);
    }

    /// <summary>Reads a small file, at most the buffer's size; -1 and <see cref="Errno"/> on failure.</summary>
    public static int ReadFile(ReadOnlySpan<byte> pathWithNul, Span<byte> buffer)
    {
        int fd = Open(pathWithNul, Linux.O_RDONLY);
        if (fd < 0)
            return -1;

        int length = 0;
        int count;
        while ((count = Read(fd, buffer[length..])) > 0)
            length += count;
        Close(ref fd);
        return length;
    }

    /// <summary>The text as UTF-8 that ends in NUL.</summary>
    public static byte[] Utf8(string text)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(text) + 1];
        Encoding.UTF8.GetBytes(text, bytes);
        return bytes;
    }

    /// <summary>A line for whoever reads the console (the agent's standard error).</summary>
    public static void Log(string line) => _ = Write(2, Encoding.UTF8.GetBytes("pyro-agent: " + line + "\n"));
}
