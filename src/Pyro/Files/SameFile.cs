using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Kvm.Native;

namespace Pyro.Files;

/// <summary>
/// Opens a file once more that is open already, whether it has a name or not. The new descriptor has rights, locks and a
/// life of its own: what several machines share is given to them read-only, whatever it was opened for before.
/// </summary>
internal static class SameFile
{
    /// <exception cref="PyroException">There are too many open files.</exception>
    internal static SafeFileHandle ReadOnly(SafeFileHandle file) => Open(file, Uapi.O_RDONLY);

    /// <exception cref="PyroException">There are too many open files.</exception>
    internal static SafeFileHandle Writable(SafeFileHandle file) => Open(file, Uapi.O_RDWR);

    private static SafeFileHandle Open(SafeFileHandle file, int mode)
    {
        bool held = false;
        try
        {
            file.DangerousAddRef(ref held);
            int fd = Libc.open($"/proc/self/fd/{file.DangerousGetHandle()}", mode | Uapi.O_CLOEXEC);
            return fd >= 0
                ? new SafeFileHandle(fd, ownsHandle: true)
                : throw new PyroException(
                    ErrorCodes.FolderFailed,
                    $"a machine's file cannot be opened again: {Errno.Text(Marshal.GetLastPInvokeError())}",
                    "Raise the limit on open files (ulimit -n), or run fewer machines at once.");
        }
        finally
        {
            if (held)
                file.DangerousRelease();
        }
    }
}
