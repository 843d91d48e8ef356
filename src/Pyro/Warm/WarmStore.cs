using Pyro.Environments;
using Pyro.Files;
using Pyro.Machines;

namespace Pyro.Warm;

/// <summary>
/// The snapshots that machines start from: a folder each in the cache, found by a hash of all that it depends on. A folder
/// appears whole, by a rename, or not at all; what loading cannot vouch for is refused there. Any number of processes can
/// use one store at once.
/// </summary>
internal sealed class WarmStore(PyroPaths paths)
{
    private const string BuildPrefix = ".build-";
    private const string LockSuffix = ".lock";
    private const string UnfitFile = "unfit";

    /// <summary>How many are kept, the last used ones: each takes some ten megabytes.</summary>
    private const int Kept = 8;

    private readonly string _root = paths.Warm;

    /// <summary>Opens the snapshot for a machine, or gives null.</summary>
    internal WarmSnapshot? TryOpen(MachineParts parts)
    {
        string folder = FolderOf(parts);
        try
        {
            WarmSnapshot snapshot = WarmSnapshot.Open(folder);
            Directory.SetLastWriteTimeUtc(folder, DateTime.UtcNow);
            return snapshot;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>How it stands with a machine's snapshot.</summary>
    /// <param name="parts">The machine.</param>
    /// <param name="why">Why it is unfit, or null.</param>
    internal WarmState StateOf(MachineParts parts, out string? why)
    {
        why = null;
        string folder = FolderOf(parts);
        if (!Directory.Exists(folder))
            return SnapshotsOf(parts.WarmName).Count > 0 ? WarmState.Stale : WarmState.Cold;
        string unfit = Path.Combine(folder, UnfitFile);
        if (!File.Exists(unfit))
            return WarmState.Warm;
        why = File.ReadAllText(unfit);
        return WarmState.Unfit;
    }

    /// <summary>Where a machine's snapshot lies, or would.</summary>
    internal string FolderOf(MachineParts parts) => Path.Combine(_root, $"{parts.WarmName}-{parts.Key}");

    /// <summary>Makes a machine's snapshot, in place of any there is.</summary>
    /// <param name="parts">The machine.</param>
    /// <param name="fill">Fills the files.</param>
    /// <param name="busy">Called if another process is making it: null to give up then, or what to do before waiting for it.</param>
    /// <param name="cancellationToken">Ends the work; nothing is left of it.</param>
    /// <returns>False if another process is making it.</returns>
    /// <exception cref="PyroException">It could not be made.</exception>
    internal async Task<bool> MakeAsync(MachineParts parts, Func<WarmSnapshot, Task> fill, Action? busy, CancellationToken cancellationToken)
    {
        PrivateFolder.Ensure(_root);
        string target = FolderOf(parts);
        string lockPath = target + LockSuffix;
        using EnvironmentLock? held = busy is null
            ? EnvironmentLock.TryTake(lockPath)
            : await EnvironmentLock.TakeAsync(lockPath, busy, cancellationToken).ConfigureAwait(false);
        if (held is null)
            return false;

        string name = Path.GetFileName(target);
        foreach (string left in Directory.GetDirectories(_root, BuildPrefix + name + BuildFolder.Separator + "*"))
            BuildFolder.Delete(left);
        string build = BuildFolder.Create(_root, BuildPrefix + name);
        try
        {
            string whole = Directory.CreateDirectory(Path.Combine(build, "whole"), BuildFolder.Private).FullName;
            using (WarmSnapshot files = WarmSnapshot.Create(whole))
                await fill(files).ConfigureAwait(false);
            // The state file vouches for the others, so it may not reach the disk before them.
            foreach (string file in (string[])[WarmSnapshot.MemoryFile, WarmSnapshot.LayerFile, WarmSnapshot.StateFile])
                EnvironmentFiles.Sync(Path.Combine(whole, file));
            Install(whole, target);
        }
        catch (IOException e)
        {
            throw new PyroException(ErrorCodes.FolderFailed, $"the warm snapshot {name} could not be written: {e.Message}", $"Check that the disk of {_root} has room.", e);
        }
        finally
        {
            BuildFolder.Delete(build);
        }

        RemoveOthers(parts, target);
        return true;
    }

    /// <summary>Removes a machine's snapshot, if it is there.</summary>
    internal void Discard(MachineParts parts)
    {
        if (Directory.Exists(FolderOf(parts)))
            BuildFolder.Discard(_root, BuildPrefix, FolderOf(parts));
    }

    /// <summary>Notes that machines of these parts cannot go on from a snapshot, so that no run tries again.</summary>
    internal void GiveUp(MachineParts parts, string why)
    {
        PrivateFolder.Ensure(_root);
        string build = BuildFolder.Create(_root, BuildPrefix + Path.GetFileName(FolderOf(parts)));
        try
        {
            string whole = Directory.CreateDirectory(Path.Combine(build, "whole"), BuildFolder.Private).FullName;
            File.WriteAllText(Path.Combine(whole, UnfitFile), why);
            Install(whole, FolderOf(parts));
        }
        finally
        {
            BuildFolder.Delete(build);
        }
    }

    /// <summary>Removes an environment's snapshots.</summary>
    /// <param name="environmentFolder">The name of its folder in the environments' store.</param>
    internal void Remove(string environmentFolder)
    {
        foreach (string folder in SnapshotsOf(environmentFolder))
            BuildFolder.Discard(_root, BuildPrefix, folder);
    }

    /// <summary>Removes what no machine would start from: stale snapshots, those of environments that are gone, interrupted builds.</summary>
    /// <param name="wanted">Whether machines still start from the snapshot of this folder name.</param>
    /// <exception cref="PyroException">A folder cannot be removed.</exception>
    internal PruneResult Prune(Func<string, bool> wanted)
    {
        var removed = new List<string>();
        long freed = 0;
        if (!Directory.Exists(_root))
            return new PruneResult(removed, freed);
        foreach (string folder in Directory.GetDirectories(_root))
        {
            string name = Path.GetFileName(folder);
            bool build = name.StartsWith(BuildPrefix, StringComparison.Ordinal);
            string snapshot = build ? BuildFolder.NameOf(name[BuildPrefix.Length..]) : name;
            if (!build && wanted(snapshot))
                continue;
            string lockPath = Path.Combine(_root, snapshot + LockSuffix);
            using EnvironmentLock? held = EnvironmentLock.TryTake(lockPath);
            // Whoever makes it holds the lock.
            if (held is null)
                continue;
            freed += BuildFolder.DiskUsage(folder);
            if (build)
                BuildFolder.Delete(folder);
            else
                BuildFolder.Discard(_root, BuildPrefix, folder);
            File.Delete(lockPath);
            removed.Add(name);
        }

        return new PruneResult(removed, freed);
    }

    private void Install(string whole, string target)
    {
        EnvironmentFiles.Sync(whole);
        EnvironmentFiles.Exchange(whole, target);
        EnvironmentFiles.Sync(_root);
    }

    // What another pyro, kernel or image had for the same machines, and what was not used for longest. Machines that run
    // keep their files.
    private void RemoveOthers(MachineParts parts, string kept)
    {
        foreach (string stale in SnapshotsOf(parts.WarmName))
        {
            if (stale != kept)
                RemoveUnlocked(stale);
        }

        DirectoryInfo[] all = [.. new DirectoryInfo(_root).GetDirectories().Where(static d => !d.Name.StartsWith(BuildPrefix, StringComparison.Ordinal))];
        foreach (DirectoryInfo old in all.OrderByDescending(static d => d.LastWriteTimeUtc).Skip(Kept))
            RemoveUnlocked(old.FullName);
    }

    private void RemoveUnlocked(string folder)
    {
        using EnvironmentLock? held = EnvironmentLock.TryTake(folder + LockSuffix);
        if (held is null || !Directory.Exists(folder))
            return;
        BuildFolder.Discard(_root, BuildPrefix, folder);
        File.Delete(folder + LockSuffix);
    }

    private List<string> SnapshotsOf(string prefix) =>
        Directory.Exists(_root) ? [.. Directory.GetDirectories(_root, prefix + "-*")] : [];
}
