using Pyro.Environments;

namespace Pyro.Files;

/// <summary>
/// Folders that others may look for at any time: each appears whole, by a rename, or not at all, and is taken away in the
/// same manner. The lock of its name is beside it, and whoever makes or removes it holds that. Any number of processes can
/// use one store at once.
/// </summary>
internal sealed class FolderStore(string root)
{
    private const string BuildPrefix = ".build-";
    private const string LockSuffix = ".lock";

    /// <summary>Where the folder of a name is, or would be.</summary>
    internal string PathOf(string name) => Path.Combine(root, name);

    /// <summary>Whether there is one.</summary>
    internal bool Has(string name) => Directory.Exists(PathOf(name));

    /// <summary>The finished folders.</summary>
    internal IReadOnlyList<DirectoryInfo> All() =>
        Directory.Exists(root) ? [.. new DirectoryInfo(root).GetDirectories().Where(static folder => !IsBuild(folder.Name))] : [];

    /// <summary>Takes the lock of a name if nobody has it.</summary>
    /// <exception cref="PyroException">The store's folder or the lock cannot be made.</exception>
    internal FileLock? TryLock(string name) => FileLock.TryTake(LockPath(name));

    /// <summary>Waits for the lock of a name.</summary>
    /// <param name="name">What is to be made.</param>
    /// <param name="busy">Called once if somebody else has it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="PyroException">The store's folder or the lock cannot be made.</exception>
    internal Task<FileLock> LockAsync(string name, Action busy, CancellationToken cancellationToken) =>
        FileLock.TakeAsync(LockPath(name), busy, cancellationToken);

    /// <summary>Makes a folder, in place of any of its name; the caller holds the lock. If it fails nothing is left of it.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="fill">Is given a folder to work in and the one to fill; what is to survive a loss of power it has synced.</param>
    /// <exception cref="IOException">The disk failed or is full.</exception>
    internal async Task InstallAsync(string name, Func<string, string, Task> fill)
    {
        foreach (string left in Directory.GetDirectories(root, BuildPrefix + name + BuildFolder.Separator + "*"))
            BuildFolder.Delete(left);
        string build = BuildFolder.Create(root, BuildPrefix + name);
        try
        {
            string whole = BuildFolder.CreateIn(build, "whole");
            await fill(build, whole).ConfigureAwait(false);
            FolderInstallation.Sync(whole);
            FolderInstallation.Exchange(whole, PathOf(name));
            FolderInstallation.Sync(root);
        }
        finally
        {
            BuildFolder.Delete(build);
        }
    }

    /// <summary>Removes a folder, if it is there. Whoever has its files open keeps them.</summary>
    /// <returns>False if somebody is making it.</returns>
    /// <exception cref="PyroException">It cannot be removed.</exception>
    internal bool TryRemove(string name)
    {
        if (!Has(name))
            return true;
        using FileLock? held = TryLock(name);
        if (held is null)
            return false;
        RemoveHeld(name);
        return true;
    }

    /// <summary>Removes a folder whose lock the caller holds.</summary>
    /// <exception cref="PyroException">It cannot be removed.</exception>
    internal void RemoveHeld(string name)
    {
        Discard(name);
        File.Delete(LockPath(name));
    }

    /// <summary>Removes folders that nobody wants, and what interrupted builds left.</summary>
    /// <param name="wanted">Whether the folder of a name is.</param>
    /// <exception cref="PyroException">One cannot be removed.</exception>
    internal PruneResult Prune(Func<string, bool> wanted)
    {
        var removed = new List<string>();
        long freed = 0;
        foreach (string path in Directory.Exists(root) ? Directory.GetDirectories(root) : [])
        {
            string folder = Path.GetFileName(path);
            bool isBuild = IsBuild(folder);
            string name = isBuild ? BuildFolder.NameOf(folder[BuildPrefix.Length..]) : folder;
            if (!isBuild && wanted(name))
                continue;
            using FileLock? held = TryLock(name);
            // Whoever makes it holds the lock.
            if (held is null)
                continue;
            freed += FileStatus.DiskUsageBelow(path);
            if (isBuild)
                BuildFolder.Delete(path);
            else
                Discard(name);
            File.Delete(LockPath(name));
            removed.Add(folder);
        }

        return new PruneResult(removed, freed);
    }

    // Renamed first, so that a half-deleted one is never met under its name.
    private void Discard(string name)
    {
        string discarded = BuildFolder.Create(root, BuildPrefix + name);
        try
        {
            Directory.Move(PathOf(name), Path.Combine(discarded, "discarded"));
        }
        catch (DirectoryNotFoundException)
        {
            // Somebody else was quicker.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PyroException(ErrorCodes.FolderFailed, $"{PathOf(name)} cannot be removed: {e.Message}", "Check its owner and permissions.", e);
        }
        finally
        {
            BuildFolder.Delete(discarded);
        }
    }

    private string LockPath(string name) => Path.Combine(PrivateFolder.Ensure(root), name + LockSuffix);

    private static bool IsBuild(string folder) => folder.StartsWith(BuildPrefix, StringComparison.Ordinal);
}
