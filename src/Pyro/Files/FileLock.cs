using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Pyro.Interop;

namespace Pyro.Files;

/// <summary>A lock that one process has at a time. The kernel lets go of it when its holder dies.</summary>
internal sealed class FileLock : IDisposable
{
    private readonly SafeFileHandle _file;

    private FileLock(SafeFileHandle file) => _file = file;

    /// <summary>Takes the lock if nobody has it.</summary>
    /// <exception cref="PyroException">The lock file cannot be made.</exception>
    internal static FileLock? TryTake(string path)
    {
        while (true)
        {
            int fd = Libc.open(path, Libc.O_RDWR | Libc.O_CREAT | Libc.O_CLOEXEC | Libc.O_NOFOLLOW, 0x180);
            if (fd < 0)
            {
                throw new PyroException(
                    ErrorCodes.FolderFailed,
                    $"the lock {path} cannot be made: {Marshal.GetLastPInvokeErrorMessage()}",
                    "Check the folder's owner and permissions, or point XDG_CACHE_HOME elsewhere.");
            }
            var file = new SafeFileHandle(fd, ownsHandle: true);
            if (Libc.flock(fd, Libc.LOCK_EX | Libc.LOCK_NB) != 0)
            {
                file.Dispose();
                return null;
            }
            // A prune may have deleted the file between our open and our lock.
            if (Libc.LinksOf(fd) > 0)
                return new FileLock(file);
            file.Dispose();
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

    public void Dispose() => _file.Dispose();
}
