namespace Pyro.Environments;

/// <summary>An environment that machines can be started from.</summary>
public sealed record InstalledEnvironment
{
    /// <summary>The name it is known by, as <c>debian:12</c>.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// What the image is, as <c>sparse-sha256:...</c>: SHA-256 over its length and its 64 KiB blocks that are not all zeros,
    /// each after its offset. A copy has the same one, however sparse it is.
    /// </summary>
    public required string Digest { get; init; }

    /// <summary>The root file system: an ext4 image that machines only read.</summary>
    public required string RootDisk { get; init; }

    /// <summary>The name of its folder in the store.</summary>
    internal string FolderName => Path.GetFileName(Path.GetDirectoryName(RootDisk))!;

    /// <summary>Length of the image in bytes: the size of a machine's root disk.</summary>
    public required long Size { get; init; }

    /// <summary>Bytes the image takes on the host's disk.</summary>
    public required long DiskUsage { get; init; }

    /// <summary>When it was installed.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>Where it came from.</summary>
    public required string Source { get; init; }

    /// <summary>What is in it, by name.</summary>
    public required IReadOnlyList<EnvironmentPackage> Packages { get; init; }
}
