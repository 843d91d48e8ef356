using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Kvm.Native;

namespace Pyro.Vmm.Disks;

/// <summary>Files without a name: whatever happens to the process, the kernel frees them with their last descriptor.</summary>
public static class ThrowAwayFile
{
    private const uint OwnerReadWrite = 0x180; // 0600

    /// <summary>Makes an empty one, open for reading and writing.</summary>
    /// <param name="directory">Says which file system holds it.</param>
    /// <exception cref="LinuxException">The directory is not there, or not writable.</exception>
    public static SafeFileHandle Create(string directory)
    {
        int descriptor = Libc.open(directory, Uapi.O_TMPFILE | Uapi.O_RDWR | Uapi.O_CLOEXEC, OwnerReadWrite);
        if (descriptor >= 0)
            return new SafeFileHandle(descriptor, ownsHandle: true);
        LinuxException error = LinuxException.Last("open", directory);
        if (error.Errno is not (Uapi.EOPNOTSUPP or Uapi.EISDIR or Uapi.ENOENT))
            throw error;

        // A file system without O_TMPFILE (overlayfs of older kernels, NFS, FUSE): named for a moment.
        string path = Path.Combine(directory, $".throw-away-{Guid.NewGuid():n}");
        descriptor = Libc.open(path, Uapi.O_CREAT | Uapi.O_EXCL | Uapi.O_RDWR | Uapi.O_CLOEXEC, OwnerReadWrite);
        if (descriptor < 0)
            throw LinuxException.Last("open", path);
        SafeFileHandle handle = new(descriptor, ownsHandle: true);
        File.Delete(path);
        return handle;
    }
}
