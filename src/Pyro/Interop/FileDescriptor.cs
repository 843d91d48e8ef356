using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Pyro.Interop;

/// <summary>Blocking reads and writes of pipes and terminals, which <see cref="RandomAccess"/> does not take.</summary>
internal static unsafe class FileDescriptor
{
    /// <summary>Reads what there is.</summary>
    /// <returns>The number of bytes, 0 at the end.</returns>
    /// <exception cref="IOException">The read failed.</exception>
    internal static int Read(SafeFileHandle from, Span<byte> buffer)
    {
        bool held = false;
        try
        {
            from.DangerousAddRef(ref held);
            fixed (byte* start = buffer)
            {
                while (true)
                {
                    // SAFETY: start points at buffer.Length bytes, pinned for the call.
                    nint count = Libc.read((int)from.DangerousGetHandle(), start, (nuint)buffer.Length);
                    if (count >= 0)
                        return (int)count;
                    int errno = Marshal.GetLastPInvokeError();
                    if (errno != Libc.EINTR)
                        throw new IOException($"read failed: {Marshal.GetPInvokeErrorMessage(errno)}", errno);
                }
            }
        }
        finally
        {
            if (held)
                from.DangerousRelease();
        }
    }

    /// <summary>Writes all bytes, waiting where the other side is slow.</summary>
    /// <returns>False if the other side is closed.</returns>
    /// <exception cref="IOException">The write failed in another way.</exception>
    internal static bool TryWrite(SafeFileHandle to, ReadOnlySpan<byte> bytes)
    {
        bool held = false;
        try
        {
            to.DangerousAddRef(ref held);
            fixed (byte* start = bytes)
            {
                int done = 0;
                while (done < bytes.Length)
                {
                    // SAFETY: start points at bytes.Length bytes, pinned for the call, and done stays below.
                    nint count = Libc.write((int)to.DangerousGetHandle(), start + done, (nuint)(bytes.Length - done));
                    if (count >= 0)
                    {
                        done += (int)count;
                        continue;
                    }
                    int errno = Marshal.GetLastPInvokeError();
                    if (errno == Libc.EPIPE)
                        return false;
                    if (errno == Libc.EWOULDBLOCK)
                        Libc.WaitWritable((int)to.DangerousGetHandle());
                    else if (errno != Libc.EINTR)
                        throw new IOException($"write failed: {Marshal.GetPInvokeErrorMessage(errno)}", errno);
                }
                return true;
            }
        }
        finally
        {
            if (held)
                to.DangerousRelease();
        }
    }
}
