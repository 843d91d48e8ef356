using System.Diagnostics;
using System.Text.Json;
using Pyro.Files;

namespace Pyro.Environments;

/// <summary>
/// The environments of this user: a folder each in the cache, with an image and its record. A folder appears whole, by
/// a rename, or not at all; each use checks quickly that it still is, and a pull repairs what is not. Any number of
/// processes can use one store at once.
/// </summary>
public sealed class EnvironmentStore
{
    private const string ManifestName = "environment.json";

    private readonly string _root;
    private readonly FolderStore _folders;
    private readonly IReadOnlyList<IEnvironmentSource> _sources;

    /// <summary>A store in a folder of its own.</summary>
    /// <param name="folder">Made when something is installed.</param>
    /// <param name="sources">Asked in order.</param>
    public EnvironmentStore(string folder, IReadOnlyList<IEnvironmentSource> sources)
    {
        _root = folder;
        _folders = new FolderStore(folder);
        _sources = sources;
    }

    /// <summary>The user's store, with all sources there are.</summary>
    public static EnvironmentStore OfUser(PyroPaths paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        return new EnvironmentStore(paths.Environments, [new DebianPackagesSource()]);
    }

    /// <summary>Finds an installed environment and checks it quickly: record, length, superblock.</summary>
    /// <param name="reference">Its name, as <c>debian:12</c>.</param>
    /// <exception cref="PyroException">
    /// <see cref="ErrorCodes.EnvironmentNotFound"/> if no source knows the name or it is not installed,
    /// <see cref="ErrorCodes.EnvironmentDamaged"/> if its files are not whole.
    /// </exception>
    public InstalledEnvironment Resolve(string reference)
    {
        (EnvironmentRecipe recipe, _) = Find(reference);
        InstalledEnvironment? installed = Read(recipe, out string? damage);
        if (installed is not null)
            return installed;
        throw damage is null
            ? new PyroException(ErrorCodes.EnvironmentNotFound, $"the environment {recipe.Name} is not installed", $"Install it: pyro env pull {recipe.Name}")
            : new PyroException(ErrorCodes.EnvironmentDamaged, $"the environment {recipe.Name} is damaged: {damage}", $"Repair it: pyro env pull {recipe.Name}");
    }

    /// <summary>All environments that sources offer by name, then what else is installed.</summary>
    public IReadOnlyList<EnvironmentListing> List()
    {
        var list = new List<EnvironmentListing>();
        var folders = new HashSet<string>(StringComparer.Ordinal);
        foreach (EnvironmentRecipe recipe in _sources.SelectMany(source => source.Offers).Concat(OnDisk()))
        {
            if (!folders.Add(recipe.FolderName))
                continue;
            InstalledEnvironment? installed = Read(recipe, out string? damage);
            EnvironmentState state = installed is not null ? EnvironmentState.Installed
                : damage is not null ? EnvironmentState.Damaged
                : EnvironmentState.Available;
            list.Add(new EnvironmentListing(recipe.Name, recipe.Description, state, installed));
        }
        return list;
    }

    /// <summary>Whether an environment was installed, whole or not: <see cref="Resolve"/> tells a damaged one.</summary>
    /// <param name="reference">Its name.</param>
    /// <exception cref="PyroException">The name is not known.</exception>
    public bool IsPresent(string reference) => _folders.Has(Find(reference).Recipe.FolderName);

    /// <summary>Installs an environment if it is not there whole.</summary>
    /// <param name="reference">Its name, as <c>debian:12</c>.</param>
    /// <param name="force">Make it anew even if it is there: newer packages. Machines that run keep the old one.</param>
    /// <param name="progress">Told each step.</param>
    /// <param name="cancellationToken">Ends the build; nothing is left of it.</param>
    /// <exception cref="PyroException">The name is not known, or the image could not be made.</exception>
    public async Task<InstalledEnvironment> PullAsync(string reference, bool force = false, IProgress<EnvironmentProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        (EnvironmentRecipe recipe, IEnvironmentSource source) = Find(reference);
        if (!force && Read(recipe, out _) is { } there)
            return there;

        var clock = Stopwatch.StartNew();
        void Report(string step, string message) => progress?.Report(new EnvironmentProgress(recipe.Name, step, message, clock.Elapsed));

        DateTimeOffset asked = DateTimeOffset.UtcNow;
        using FileLock held = await _folders.LockAsync(
            recipe.FolderName,
            () => Report(EnvironmentProgress.Wait, "another process is installing it"),
            cancellationToken).ConfigureAwait(false);
        // Whoever had the lock may have done the work meanwhile.
        if (Read(recipe, out string? damage) is { } made && (!force || made.Created > asked))
            return made;
        if (damage is not null)
            Report(EnvironmentProgress.Packages, $"{FolderOf(recipe)} is damaged ({damage}): making it anew");

        try
        {
            await _folders.InstallAsync(recipe.FolderName, async (build, whole) =>
            {
                string content = BuildFolder.CreateIn(build, "content");
                EnvironmentContent result = await source.BuildAsync(recipe, content, Report, cancellationToken).ConfigureAwait(false);
                Report(EnvironmentProgress.Digest, "reading the image");
                Seal(recipe, result, Path.Combine(content, IEnvironmentSource.RootDiskName), whole, cancellationToken);
            }).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw new PyroException(ErrorCodes.EnvironmentBuildFailed, $"the environment {recipe.Name} could not be installed: {e.Message}", $"Check that the disk of {_root} has room.", e);
        }
        InstalledEnvironment installed = Resolve(recipe.Name);
        Report(EnvironmentProgress.Installed, $"{installed.DiskUsage / 1_000_000} MB, {installed.Packages.Count} packages");
        return installed;
    }

    /// <summary>Checks all of an installed environment: reads the image and compares its digest.</summary>
    /// <exception cref="PyroException">As <see cref="Resolve"/>; also if any byte of the image has changed.</exception>
    public InstalledEnvironment Verify(string reference, CancellationToken cancellationToken = default)
    {
        InstalledEnvironment installed = Resolve(reference);
        string digest;
        try
        {
            digest = SparseDigest.Compute(installed.RootDisk, cancellationToken);
        }
        catch (IOException e)
        {
            throw new PyroException(ErrorCodes.EnvironmentDamaged, $"the environment {installed.Name} cannot be read: {e.Message}", $"Repair it: pyro env pull --force {installed.Name}", e);
        }
        if (digest != installed.Digest)
        {
            throw new PyroException(
                ErrorCodes.EnvironmentDamaged,
                $"the environment {installed.Name} has changed since it was installed: {installed.RootDisk} has digest {digest}, expected {installed.Digest}",
                $"Remove it and install it anew: pyro env remove {installed.Name} && pyro env pull {installed.Name}");
        }
        return installed;
    }

    /// <summary>Removes an environment's files. Machines that run keep theirs until they end.</summary>
    /// <returns>False if nothing of it was there.</returns>
    /// <exception cref="PyroException">The name is not known, or the files cannot be removed.</exception>
    public bool Remove(string reference)
    {
        (EnvironmentRecipe recipe, _) = Find(reference);
        if (!_folders.Has(recipe.FolderName))
            return false;
        return _folders.TryRemove(recipe.FolderName) ? true
            : throw new PyroException(ErrorCodes.EnvironmentBusy, $"the environment {recipe.Name} is being installed", "Wait for the other pull to end.");
    }

    /// <summary>Removes what nothing uses any more: images of recipes that changed, damaged images, interrupted builds.</summary>
    /// <exception cref="PyroException">A folder cannot be removed.</exception>
    public PruneResult Prune()
    {
        var wanted = _sources.SelectMany(source => source.Offers).Concat(OnDisk()).DistinctBy(recipe => recipe.FolderName)
            .Where(recipe => Read(recipe, out _) is not null)
            .Select(recipe => recipe.FolderName)
            .ToHashSet(StringComparer.Ordinal);
        return _folders.Prune(wanted.Contains);
    }

    /// <summary>The name of the folder that an environment has or would have.</summary>
    internal string FolderNameOf(string reference) => Find(reference).Recipe.FolderName;

    private (EnvironmentRecipe Recipe, IEnvironmentSource Source) Find(string reference)
    {
        ArgumentException.ThrowIfNullOrEmpty(reference);
        foreach (IEnvironmentSource source in _sources)
        {
            if (source.Find(reference) is { } recipe)
                return (recipe, source);
        }
        string known = string.Join(", ", _sources.SelectMany(source => source.Offers).Select(recipe => recipe.Name));
        throw new PyroException(
            ErrorCodes.EnvironmentNotFound,
            $"there is no environment {reference}",
            $"Known are: {known}. Images from registries are not supported yet.");
    }

    // What the records in the folders name, as far as a source still makes just that: a changed recipe has another folder.
    private List<EnvironmentRecipe> OnDisk()
    {
        var recipes = new List<EnvironmentRecipe>();
        foreach (DirectoryInfo folder in _folders.All())
        {
            string? name = NameIn(Path.Combine(folder.FullName, ManifestName));
            if (string.IsNullOrEmpty(name))
                continue;
            EnvironmentRecipe? recipe = _sources.Select(source => source.Find(name)).FirstOrDefault(found => found is not null);
            if (recipe?.FolderName == folder.Name)
                recipes.Add(recipe);
        }
        return recipes;
    }

    private static string? NameIn(string manifest)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(manifest), EnvironmentJson.Default.EnvironmentManifest)?.Name;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    private InstalledEnvironment? Read(EnvironmentRecipe recipe, out string? damage)
    {
        damage = null;
        string folder = FolderOf(recipe);
        if (!Directory.Exists(folder))
            return null;
        string disk = Path.Combine(folder, IEnvironmentSource.RootDiskName);
        try
        {
            EnvironmentManifest? manifest = JsonSerializer.Deserialize(File.ReadAllBytes(Path.Combine(folder, ManifestName)), EnvironmentJson.Default.EnvironmentManifest);
            damage = manifest is null ? $"{ManifestName} is empty" : DamageOf(manifest, recipe, disk);
            if (damage is not null)
                return null;
            return new InstalledEnvironment
            {
                Name = recipe.Name,
                Digest = manifest!.Digest,
                RootDisk = disk,
                Size = manifest.Size,
                DiskUsage = FileStatus.DiskUsageOf(disk),
                Created = manifest.Created,
                Source = manifest.Source,
                Packages = manifest.Packages,
            };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            damage = e.Message;
            return null;
        }
    }

    private static string? DamageOf(EnvironmentManifest manifest, EnvironmentRecipe recipe, string disk)
    {
        if (manifest.Format != EnvironmentManifest.CurrentFormat || manifest.Name != recipe.Name)
            return $"{ManifestName} is for {manifest.Name}, format {manifest.Format}";
        long length = new FileInfo(disk).Length;
        if (length != manifest.Size)
            return $"{IEnvironmentSource.RootDiskName} has {length} bytes instead of {manifest.Size}";
        if (!Ext4Superblock.TryRead(disk, out Ext4Superblock superblock))
            return $"{IEnvironmentSource.RootDiskName} holds no ext4 file system";
        return superblock.Uuid == manifest.FileSystemUuid && superblock.Length <= length ? null : $"{IEnvironmentSource.RootDiskName} holds another file system";
    }

    private static void Seal(EnvironmentRecipe recipe, EnvironmentContent content, string built, string folder, CancellationToken cancellationToken)
    {
        string disk = Path.Combine(folder, IEnvironmentSource.RootDiskName);
        File.Move(built, disk);
        File.SetUnixFileMode(disk, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        if (!Ext4Superblock.TryRead(disk, out Ext4Superblock superblock))
            throw new PyroException(ErrorCodes.EnvironmentBuildFailed, $"what was built for {recipe.Name} is no ext4 file system", "See which mkfs.ext4 is in PATH.");
        var manifest = new EnvironmentManifest
        {
            Format = EnvironmentManifest.CurrentFormat,
            Name = recipe.Name,
            Digest = SparseDigest.Compute(disk, cancellationToken),
            Size = new FileInfo(disk).Length,
            FileSystemUuid = superblock.Uuid,
            Created = DateTimeOffset.UtcNow,
            Source = content.Origin,
            Packages = content.Packages,
        };
        FolderInstallation.Sync(disk);
        string record = Path.Combine(folder, ManifestName);
        File.WriteAllBytes(record, JsonSerializer.SerializeToUtf8Bytes(manifest, EnvironmentJson.Default.EnvironmentManifest));
        File.SetUnixFileMode(record, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        FolderInstallation.Sync(record);
    }

    private string FolderOf(EnvironmentRecipe recipe) => _folders.PathOf(recipe.FolderName);
}
