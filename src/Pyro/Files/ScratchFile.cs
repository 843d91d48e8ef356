using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Vmm.Disks;

namespace Pyro.Files;

/// <summary>A file without a name: it is gone with its last descriptor, so that no crash can leave one behind.</summary>
internal static class ScratchFile
{
    /// <summary>Opens a new empty file for reading and writing on the file system of a folder.</summary>
    /// <exception cref="PyroException">The folder's file system does not take one.</exception>
    internal static SafeFileHandle Create(string folder)
    {
        PrivateFolder.Ensure(folder);
        try
        {
            return ThrowAwayFile.Create(folder);
        }
        catch (LinuxException e)
        {
            throw new PyroException(
                ErrorCodes.FolderFailed,
                $"a throw-away disk cannot be made in {folder}: {Errno.Text(e.Errno)}",
                "Check that the folder is writable and its disk has room, or point XDG_STATE_HOME elsewhere.");
        }
    }
}
