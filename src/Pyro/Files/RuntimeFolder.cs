using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Kvm.Native;

namespace Pyro.Files;

/// <summary>
/// A machine's folder for sockets and logs. Its owner holds a lock on a file in it for as long as it lives; whoever
/// can take that lock has found the folder of a dead owner and removes it.
/// </summary>
internal sealed class RuntimeFolder : IDisposable
{
    private const string LockName = "lock";

    private readonly FileLock _lock;

    private RuntimeFolder(string id, string path, FileLock held)
    {
        Id = id;
        Path = path;
        _lock = held;
    }

    /// <summary>The machine's id: 12 hexadecimal digits.</summary>
    internal string Id { get; }

    internal string Path { get; }

    /// <summary>What keeps others from removing the folder, for a process that is to keep it on.</summary>
    internal SafeFileHandle Held => _lock.Handle;

    /// <summary>Makes a new folder under the runtime root.</summary>
    internal static RuntimeFolder Create(string root)
    {
        // The fallback root lies in /tmp, where anybody could have been first.
        PrivateFolder.EnsureOwned(root);
        while (true)
        {
            // Guid takes its random digits from the kernel; the cryptography classes would load OpenSSL first.
            string id = Guid.NewGuid().ToString("N")[..12];
            string path = System.IO.Path.Combine(root, id);
            PrivateFolder.CreateNew(path);
            FileLock? held = TryLock(path, out int errno);
            if (held is not null)
                return new RuntimeFolder(id, path, held);
            if (errno is not (Uapi.EWOULDBLOCK or Uapi.ESTALE or Uapi.ENOENT))
            {
                Delete(path);
                throw new PyroException(
                    ErrorCodes.FolderFailed,
                    $"the machine's folder {path} cannot be locked: {Errno.Text(errno)}",
                    "Close programs, or raise the limit on open files (ulimit -n).");
            }
            // A reaper was between our mkdir and our lock and took the folder away.
        }
    }

    /// <summary>Removes the folders whose owners are dead.</summary>
    /// <returns>How many there were.</returns>
    internal static int Reap(string root)
    {
        if (!Directory.Exists(root))
            return 0;
        int reaped = 0;
        foreach (string path in Directory.EnumerateDirectories(root))
        {
            if (!IsMachineId(System.IO.Path.GetFileName(path)))
                continue;
            using FileLock? held = TryLock(path, out _);
            if (held is null)
                continue;
            Delete(path);
            reaped++;
        }
        return reaped;
    }

    /// <summary>Leaves the folder to whoever else has <see cref="Held"/>.</summary>
    internal void Release() => _lock.Dispose();

    public void Dispose()
    {
        // Deleted first, so that nobody can find the folder unlocked.
        Delete(Path);
        _lock.Dispose();
    }

    private static FileLock? TryLock(string folder, out int errno) => FileLock.TryOnce(System.IO.Path.Combine(folder, LockName), out errno);

    private static void Delete(string path)
    {
        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (IOException)
        {
            // The VMM process removes the same folder at its end; what is left is reaped by the next run.
        }
        catch (UnauthorizedAccessException)
        {
            // As above.
        }
    }

    private static bool IsMachineId(string name) =>
        name.Length == 12 && ulong.TryParse(name, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _);
}
