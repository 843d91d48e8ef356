namespace Pyro.Environments;

/// <summary>
/// The record beside an installed disk image, <c>environment.json</c>. It is written after the image: where it is, the
/// image is whole.
/// </summary>
internal sealed record EnvironmentManifest
{
    internal const int CurrentFormat = 1;

    public required int Format { get; init; }

    public required string Name { get; init; }

    /// <summary>See <see cref="SparseDigest"/>.</summary>
    public required string Digest { get; init; }

    /// <summary>Length of the image in bytes, holes included.</summary>
    public required long Size { get; init; }

    /// <summary>The file system's UUID, which the quick check compares.</summary>
    public required string FileSystemUuid { get; init; }

    public required DateTimeOffset Created { get; init; }

    public required string Source { get; init; }

    public required IReadOnlyList<EnvironmentPackage> Packages { get; init; }
}
