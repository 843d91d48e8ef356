using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Kvm.Native;
using System.Runtime.InteropServices;

namespace Pyro.Files;

/// <summary>A lock that one process has at a time. The kernel lets go of it when its holder dies.</summary>
internal sealed class FileLock : IDisposable
{
    private readonly SafeFileHandle _file;

    private FileLock(SafeFileHandle file, string path)
    {
        _file = file;
        Path = path;
    }

    /// <summary>The lock file.</summary>
    internal string Path { get; }

    /// <summary>The locked file: the lock is held until this and every copy of it is closed, in whatever process.</summary>
    internal SafeFileHandle Handle => _file;

    /// <summary>Takes the lock if nobody has it.</summary>
    /// <exception cref="PyroException">The lock file cannot be made.</exception>
    internal static FileLock? TryTake(string path)
    {
        while (true)
        {
            if (TryOnce(path, out int errno) is { } taken)
                return taken;
            if (errno == Uapi.EWOULDBLOCK)
                return null;
            if (errno != Uapi.ESTALE)
            {
                throw new PyroException(
                    ErrorCodes.FolderFailed,
                    $"the lock {path} cannot be made: {Errno.Text(errno)}",
                    "Check the folder's owner and permissions, or point XDG_CACHE_HOME elsewhere.");
            }
        }
    }

    /// <summary>Waits for the lock.</summary>
    /// <param name="path">The lock file.</param>
    /// <param name="busy">Called once if somebody else has it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal static async Task<FileLock> TakeAsync(string path, Action busy, CancellationToken cancellationToken)
    {
        bool told = false;
        while (true)
        {
            if (TryTake(path) is { } taken)
                return taken;
            if (!told)
                busy();
            told = true;
            await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Tries once.</summary>
    /// <param name="path">The lock file.</param>
    /// <param name="errno">EWOULDBLOCK if somebody has the lock, ESTALE if whoever had it has deleted the file; else why it cannot be made.</param>
    internal static FileLock? TryOnce(string path, out int errno)
    {
        var file = new SafeFileHandle(Libc.open(path, Uapi.O_RDWR | Uapi.O_CREAT | Uapi.O_CLOEXEC | Uapi.O_NOFOLLOW, PrivateFile.Mode), ownsHandle: true);
        if (file.IsInvalid || Libc.flock(file, Uapi.LOCK_EX | Uapi.LOCK_NB) != 0)
            errno = Marshal.GetLastPInvokeError();
        // Without a name left, the lock is one that nobody else will ask for.
        else if (FileStatus.LinksOf(file) == 0)
            errno = Uapi.ESTALE;
        else
            errno = 0;
        if (errno == 0)
            return new FileLock(file, path);
        file.Dispose();
        return null;
    }

    public void Dispose() => _file.Dispose();
}
