using System.Runtime.InteropServices;
using Pyro.Kvm;
using Pyro.Kvm.Native;

namespace Pyro.Vmm.Processes;

/// <summary>Whole messages over a connected, blocking stream socket.</summary>
internal static unsafe class StreamSocket
{
    /// <summary>Fills the span.</summary>
    /// <returns>False if the other side is gone.</returns>
    internal static bool Read(SafeHandle socket, Span<byte> bytes)
    {
        fixed (byte* data = bytes)
        {
            for (int done = 0; done < bytes.Length;)
            {
                // SAFETY: data + done to the end is inside the pinned span.
                nint received = Libc.recv(socket, data + done, (nuint)(bytes.Length - done), 0);
                if (received == 0 || (received < 0 && Marshal.GetLastPInvokeError() != Uapi.EINTR))
                {
                    return false;
                }

                done += (int)Math.Max(received, 0);
            }
        }

        return true;
    }

    /// <summary>Writes the span. If the other side is gone, so are the bytes: whoever reads this socket notices.</summary>
    internal static void Write(SafeHandle socket, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* data = bytes)
        {
            for (int done = 0; done < bytes.Length;)
            {
                // SAFETY: data + done to the end is inside the pinned span.
                nint sent = Libc.send(socket, data + done, (nuint)(bytes.Length - done), Uapi.MSG_NOSIGNAL);
                if (sent < 0 && Marshal.GetLastPInvokeError() != Uapi.EINTR)
                {
                    return;
                }

                done += (int)Math.Max(sent, 0);
            }
        }
    }
}
