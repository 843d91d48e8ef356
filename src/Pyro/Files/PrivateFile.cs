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

    /// <summary>
    /// Opens a file without .NET's own lock on it: that one would let go, when this handle is closed, of the lock that another
    /// process has by a copy of the descriptor.
    /// </summary>
    /// <exception cref="LinuxException">It cannot be opened.</exception>
    internal static SafeFileHandle Open(string path, bool write = false, bool create = false)
    {
        int flags = Uapi.O_CLOEXEC | Uapi.O_NOFOLLOW | (write ? Uapi.O_RDWR : Uapi.O_RDONLY) | (create ? Uapi.O_CREAT : 0);
        int fd = Libc.open(path, flags, Mode);
        return fd >= 0 ? new SafeFileHandle(fd, ownsHandle: true) : throw LinuxException.Last("open", path);
    }

    /// <summary>
    /// Adds to the end of a file, in one write that no other comes between. .NET's way to append finds the end first and then
    /// writes there, where another may have written meanwhile.
    /// </summary>
    /// <exception cref="LinuxException">The disk is full, or the file cannot be opened.</exception>
    internal static unsafe void Append(string path, ReadOnlySpan<byte> bytes)
    {
        using var file = new SafeFileHandle(Libc.open(path, Uapi.O_WRONLY | Uapi.O_APPEND | Uapi.O_CREAT | Uapi.O_CLOEXEC | Uapi.O_NOFOLLOW, Mode), ownsHandle: true);
        if (file.IsInvalid)
            throw LinuxException.Last("open", path);
        // SAFETY: the kernel reads as many bytes as it is told.
        fixed (byte* first = bytes)
        {
            nint written = Libc.write(file, first, (nuint)bytes.Length);
            if (written != bytes.Length)
                throw written < 0 ? LinuxException.Last("write", path) : new LinuxException("write", path, Uapi.ENOSPC);
        }
    }

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
