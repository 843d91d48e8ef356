using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Pyro.Interop;

namespace Pyro.Files;

/// <summary>Files that only their owner can read (0600).</summary>
internal static class PrivateFile
{
    /// <summary>Creates a file that was not there.</summary>
    /// <exception cref="PyroException">It cannot be created.</exception>
    internal static SafeFileHandle Create(string path)
    {
        int fd = Libc.open(path, Libc.O_CREAT | Libc.O_EXCL | Libc.O_RDWR | Libc.O_CLOEXEC | Libc.O_NOFOLLOW, 0x180);
        return fd >= 0
            ? new SafeFileHandle(fd, ownsHandle: true)
            : throw new PyroException(
                ErrorCodes.FolderFailed,
                $"{path} cannot be created: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}",
                "Check that its disk has room.");
    }
}
