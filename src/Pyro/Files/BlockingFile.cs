using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Kvm.Native;

namespace Pyro.Files;

/// <summary>Blocking reads and writes of pipes and terminals, which <see cref="RandomAccess"/> does not take.</summary>
internal static unsafe class BlockingFile
{
    /// <summary>Reads what there is.</summary>
    /// <returns>The number of bytes, 0 at the end.</returns>
    /// <exception cref="IOException">The read failed.</exception>
    internal static int Read(SafeFileHandle from, Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            while (true)
            {
                // SAFETY: start points at buffer.Length bytes, pinned for the call.
                nint count = Libc.read(from, start, (nuint)buffer.Length);
                if (count >= 0)
                    return (int)count;
                if (Marshal.GetLastPInvokeError() != Uapi.EINTR)
                    throw LinuxException.Last("read");
            }
        }
    }

    /// <summary>Writes all bytes, waiting where the other side is slow.</summary>
    /// <returns>False if the other side is closed.</returns>
    /// <exception cref="IOException">The write failed in another way.</exception>
    internal static bool TryWrite(SafeFileHandle to, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            int done = 0;
            while (done < bytes.Length)
            {
                // SAFETY: start points at bytes.Length bytes, pinned for the call, and done stays below.
                nint count = Libc.write(to, start + done, (nuint)(bytes.Length - done));
                if (count >= 0)
                {
                    done += (int)count;
                    continue;
                }
                int errno = Marshal.GetLastPInvokeError();
                if (errno == Uapi.EPIPE)
                    return false;
                if (errno == Uapi.EWOULDBLOCK)
                    WaitUntilItTakesMore(to);
                else if (errno != Uapi.EINTR)
                    throw new LinuxException("write", "", errno);
            }
            return true;
        }
    }

    // Somebody else, who has the same pipe or terminal, made it non-blocking.
    private static void WaitUntilItTakesMore(SafeFileHandle file)
    {
        var entry = new pollfd { fd = (int)file.DangerousGetHandle(), events = (short)Uapi.POLLOUT };
        // SAFETY: one entry; the caller's arguments keep the handle alive.
        _ = Libc.poll(&entry, 1, -1);
    }
}
