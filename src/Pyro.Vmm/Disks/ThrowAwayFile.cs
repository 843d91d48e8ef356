using Microsoft.Win32.SafeHandles;
using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Disks;

/// <summary>Files without a name: whatever happens to the process, the kernel frees them with their last descriptor.</summary>
public static class ThrowAwayFile
{
    /// <summary>Makes an empty one, open for reading and writing.</summary>
    /// <param name="directory">Says which file system holds it.</param>
    /// <exception cref="LinuxException">The directory is not there, or not writable.</exception>
    public static SafeFileHandle Create(string directory)
    {
        SafeFileHandle? unnamed = Libc.OpenUnnamed(directory);
        if (unnamed is not null)
            return unnamed;

        // A file system without O_TMPFILE: named for a moment.
        string path = Path.Combine(directory, $".throw-away-{Guid.NewGuid():n}");
        FileStreamOptions options = new()
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.ReadWrite | FileShare.Delete,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            BufferSize = 0,
        };
        using FileStream stream = new(path, options);
        File.Delete(path);
        return Libc.Duplicate(stream.SafeFileHandle);
    }
}
