using Pyro.Kvm;
using Pyro.Kvm.Native;

namespace Pyro.Files;

/// <summary>Folders that only their owner can enter (0700).</summary>
internal static class PrivateFolder
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>The effective user id.</summary>
    internal static uint CurrentUser => Libc.geteuid();

    /// <summary>Makes the folder and its missing parents, and refuses one that others could have prepared.</summary>
    /// <exception cref="PyroException">The folder cannot be made or is not the user's own.</exception>
    internal static string Ensure(string path)
    {
        try
        {
            Directory.CreateDirectory(path, OwnerOnly);
            UnixFileMode mode = File.GetUnixFileMode(path);
            if (mode == OwnerOnly)
                return path;
            // Only the owner may change a mode, so this also proves whose folder it is.
            File.SetUnixFileMode(path, OwnerOnly);
            return path;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failure(path, e);
        }
    }

    /// <summary>
    /// Makes a folder of a name that nobody could foresee: whose it is need not be checked, and could not be, for a reaper
    /// may already have taken it away.
    /// </summary>
    /// <exception cref="PyroException">The folder cannot be made.</exception>
    internal static void CreateNew(string path)
    {
        try
        {
            Directory.CreateDirectory(path, OwnerOnly);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failure(path, e);
        }
    }

    /// <summary>Like <see cref="Ensure"/>, for a folder under one that everybody can write: a link or a stranger's folder is refused.</summary>
    internal static string EnsureOwned(string path)
    {
        Ensure(path);
        var info = new DirectoryInfo(path);
        if (info.LinkTarget is not null || FileStatus.OwnerOf(path) != CurrentUser)
        {
            throw new PyroException(
                ErrorCodes.FolderFailed,
                $"the folder {path} is a link or belongs to another user",
                "Remove it, or set XDG_RUNTIME_DIR to a folder of your own.");
        }
        return path;
    }

    private static PyroException Failure(string path, Exception cause) => new(
        ErrorCodes.FolderFailed,
        $"the folder {path} cannot be made private: {cause.Message}",
        "Check its owner and permissions, or point XDG_CACHE_HOME, XDG_STATE_HOME or XDG_RUNTIME_DIR elsewhere.",
        cause);

    internal static bool IsWritable(string path) => Libc.access(path, Uapi.W_OK | Uapi.X_OK) == 0;
}
