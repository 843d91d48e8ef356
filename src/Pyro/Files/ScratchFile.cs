using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Pyro.Interop;

namespace Pyro.Files;

/// <summary>A file without a name: it is gone with its last descriptor, so that no crash can leave one behind.</summary>
internal static class ScratchFile
{
    /// <summary>Opens a new empty file for reading and writing on the file system of a folder.</summary>
    /// <exception cref="PyroException">The folder's file system does not take one.</exception>
    internal static SafeFileHandle Create(string folder)
    {
        PrivateFolder.Ensure(folder);
        int fd = Libc.open(folder, Libc.O_TMPFILE | Libc.O_RDWR | Libc.O_CLOEXEC, 0x180);
        int errno = Marshal.GetLastPInvokeError();
        if (fd < 0 && errno is Libc.EOPNOTSUPP or Libc.EISDIR or Libc.ENOENT)
        {
            // Some file systems (overlayfs of older kernels, NFS, FUSE) know no nameless files: take the name away at once.
            string path = Path.Combine(folder, $"scratch-{Guid.NewGuid():N}");
            fd = Libc.open(path, Libc.O_CREAT | Libc.O_EXCL | Libc.O_RDWR | Libc.O_CLOEXEC, 0x180);
            errno = Marshal.GetLastPInvokeError();
            if (fd >= 0)
                File.Delete(path);
        }
        if (fd < 0)
        {
            throw new PyroException(
                ErrorCodes.FolderFailed,
                $"a throw-away disk cannot be made in {folder}: {Marshal.GetPInvokeErrorMessage(errno)}",
                "Check that the folder is writable and its disk has room, or point XDG_STATE_HOME elsewhere.");
        }
        return new SafeFileHandle(fd, ownsHandle: true);
    }
}
