using Pyro.Environments;
using Pyro.Files;
using Pyro.Machines;

namespace Pyro.Warm;

/// <summary>
/// The snapshots that machines start from: a folder each in the cache, found by a hash of all that it depends on. What
/// loading cannot vouch for is refused there.
/// </summary>
internal sealed class WarmStore(PyroPaths paths)
{
    private const string UnfitFile = "unfit";

    /// <summary>How many are kept, the last used ones: each takes some ten megabytes.</summary>
    private const int Kept = 8;

    private readonly FolderStore _folders = new(paths.Warm);

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
        if (!_folders.Has(NameOf(parts)))
            return SnapshotsOf(parts.WarmName).Any() ? WarmState.Stale : WarmState.Cold;
        string unfit = Path.Combine(FolderOf(parts), UnfitFile);
        if (!File.Exists(unfit))
            return WarmState.Warm;
        why = File.ReadAllText(unfit);
        return WarmState.Unfit;
    }

    /// <summary>Where a machine's snapshot lies, or would.</summary>
    internal string FolderOf(MachineParts parts) => _folders.PathOf(NameOf(parts));

    /// <summary>Makes a machine's snapshot, in place of any there is.</summary>
    /// <param name="parts">The machine.</param>
    /// <param name="fill">Fills the files.</param>
    /// <param name="busy">Called if another process is making it: null to give up then, or what to do before waiting for it.</param>
    /// <param name="cancellationToken">Ends the work; nothing is left of it.</param>
    /// <returns>False if another process is making it.</returns>
    /// <exception cref="PyroException">It could not be made.</exception>
    internal async Task<bool> MakeAsync(MachineParts parts, Func<WarmSnapshot, Task> fill, Action? busy, CancellationToken cancellationToken)
    {
        string name = NameOf(parts);
        using FileLock? held = busy is null
            ? _folders.TryLock(name)
            : await _folders.LockAsync(name, busy, cancellationToken).ConfigureAwait(false);
        if (held is null)
            return false;

        try
        {
            await _folders.InstallAsync(name, async (_, whole) =>
            {
                using (WarmSnapshot files = WarmSnapshot.Create(whole))
                    await fill(files).ConfigureAwait(false);
                // The state file vouches for the others, so it may not reach the disk before them.
                foreach (string file in (string[])[WarmSnapshot.MemoryFile, WarmSnapshot.LayerFile, WarmSnapshot.WorkingSetFile, WarmSnapshot.StateFile])
                    FolderInstallation.Sync(Path.Combine(whole, file));
            }).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw new PyroException(ErrorCodes.FolderFailed, $"the warm snapshot {name} could not be written: {e.Message}", $"Check that the disk of {paths.Warm} has room.", e);
        }

        RemoveOthers(parts, name);
        return true;
    }

    /// <summary>Removes a machine's snapshot, unless another process is making a new one.</summary>
    internal void Discard(MachineParts parts) => _folders.TryRemove(NameOf(parts));

    /// <summary>Notes that machines of these parts cannot go on from a snapshot, so that no run tries again.</summary>
    internal async Task GiveUpAsync(MachineParts parts, string why)
    {
        using FileLock? held = _folders.TryLock(NameOf(parts));
        // Whoever has it makes a new snapshot, and finds out for himself.
        if (held is not null)
            await _folders.InstallAsync(NameOf(parts), (_, whole) => File.WriteAllTextAsync(Path.Combine(whole, UnfitFile), why)).ConfigureAwait(false);
    }

    /// <summary>Removes an environment's snapshots.</summary>
    /// <param name="environmentFolder">The name of its folder in the environments' store.</param>
    internal void Remove(string environmentFolder)
    {
        foreach (string name in SnapshotsOf(environmentFolder))
            _folders.TryRemove(name);
    }

    /// <summary>Removes what no machine would start from: stale snapshots, those of environments that are gone, interrupted builds.</summary>
    /// <param name="wanted">Whether machines still start from the snapshot of this folder name.</param>
    /// <exception cref="PyroException">A folder cannot be removed.</exception>
    internal PruneResult Prune(Func<string, bool> wanted) => _folders.Prune(wanted);

    // What another pyro, kernel or image had for the same machines, and what was not used for longest. Machines that run
    // keep their files.
    private void RemoveOthers(MachineParts parts, string kept)
    {
        foreach (string stale in SnapshotsOf(parts.WarmName).Where(name => name != kept))
            _folders.TryRemove(stale);
        foreach (DirectoryInfo old in _folders.All().OrderByDescending(static folder => folder.LastWriteTimeUtc).Skip(Kept))
            _folders.TryRemove(old.Name);
    }

    private IEnumerable<string> SnapshotsOf(string prefix) =>
        _folders.All().Select(static folder => folder.Name).Where(name => name.StartsWith(prefix + "-", StringComparison.Ordinal));

    private static string NameOf(MachineParts parts) => $"{parts.WarmName}-{parts.Key}";
}
