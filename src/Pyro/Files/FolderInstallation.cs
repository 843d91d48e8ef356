using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Kvm.Native;

namespace Pyro.Files;

/// <summary>The two calls by which something appears whole or not at all, whatever happens.</summary>
internal static class FolderInstallation
{
    /// <summary>Puts a folder where another one may be, in one step as others see it. The old one, if any, is then at <paramref name="from"/>.</summary>
    /// <exception cref="IOException">The file system refused.</exception>
    internal static void Exchange(string from, string to)
    {
        if (Directory.Exists(to) && Libc.renameat2(Uapi.AT_FDCWD, from, Uapi.AT_FDCWD, to, Uapi.RENAME_EXCHANGE) == 0)
            return;
        // Nothing there, or a file system that cannot exchange: then the name is missing for a moment.
        if (Directory.Exists(to))
            Directory.Move(to, $"{from}.old");
        Directory.Move(from, to);
    }

    /// <summary>Waits until a file or folder is on the disk.</summary>
    /// <exception cref="IOException">The disk failed or is full.</exception>
    internal static void Sync(string path)
    {
        using var handle = new SafeFileHandle(Libc.open(path, Uapi.O_RDONLY | Uapi.O_CLOEXEC), ownsHandle: true);
        if (handle.IsInvalid)
            throw LinuxException.Last("open", path);
        if (Libc.fsync(handle) < 0)
            throw LinuxException.Last("fsync", path);
    }
}
