using Microsoft.Win32.SafeHandles;
using System.Runtime.InteropServices;
using Pyro.Kvm;
using Pyro.Kvm.Native;

namespace Pyro.Files;

/// <summary>Files that only their owner can read.</summary>
internal static class PrivateFile
{
    /// <summary>0600.</summary>
    internal const uint Mode = 0x180;

    /// <summary>Creates a file that was not there.</summary>
    /// <exception cref="PyroException">It cannot be created.</exception>
    internal static SafeFileHandle Create(string path)
    {
        int fd = Libc.open(path, Uapi.O_CREAT | Uapi.O_EXCL | Uapi.O_RDWR | Uapi.O_CLOEXEC | Uapi.O_NOFOLLOW, Mode);
        return fd >= 0
            ? new SafeFileHandle(fd, ownsHandle: true)
            : throw new PyroException(
                ErrorCodes.FolderFailed,
                $"{path} cannot be created: {Errno.Text(Marshal.GetLastPInvokeError())}",
                "Check that its disk has room.");
    }
}
