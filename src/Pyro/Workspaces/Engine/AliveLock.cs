using Microsoft.Win32.SafeHandles;
using Pyro.Files;
using Pyro.Kvm;
using Pyro.Kvm.Native;

namespace Pyro.Workspaces.Engine;

/// <summary>
/// Whether a workspace's machine lives. Its process inherits a locked descriptor, and the kernel lets go of the lock with
/// the last of those, however the process ends: no process id that another may have got meanwhile is trusted.
/// </summary>
internal static class AliveLock
{
    /// <summary>Takes the lock for a new machine. Lookers hold it for a moment at most.</summary>
    internal static SafeFileHandle Take(string path)
    {
        SafeFileHandle file = PrivateFile.Open(path, write: true, create: true);
        while (Libc.flock(file, Uapi.LOCK_EX) != 0)
        {
            var failure = LinuxException.Last("flock", path);
            if (failure.Errno == Uapi.EINTR)
                continue;
            file.Dispose();
            throw failure;
        }

        return file;
    }

    /// <summary>Whether a machine has it. Two that look at the same time do not disturb each other.</summary>
    internal static bool IsHeld(string path)
    {
        try
        {
            using SafeFileHandle file = PrivateFile.Open(path);
            return Libc.flock(file, Uapi.LOCK_SH | Uapi.LOCK_NB) != 0;
        }
        catch (LinuxException e) when (e.Errno == Uapi.ENOENT)
        {
            return false;
        }
    }

    /// <summary>Waits until no machine has it.</summary>
    /// <returns>False if one still has after the time.</returns>
    internal static async Task<bool> WaitUntilFreeAsync(string path, TimeSpan limit, CancellationToken cancellationToken)
    {
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        for (int pause = 1; IsHeld(path); pause = Math.Min(pause * 2, 50))
        {
            if (System.Diagnostics.Stopwatch.GetElapsedTime(start) > limit)
                return false;
            await Task.Delay(pause, cancellationToken).ConfigureAwait(false);
        }

        return true;
    }
}
