namespace Pyro.Vmm.Disks;

/// <summary>A disk image cannot be used, or the host could not read or write it.</summary>
/// <param name="file">The image's name, for people.</param>
/// <param name="problem">What is wrong, and what to do about it.</param>
public sealed class DiskException(string file, string problem) : Exception($"disk {file}: {problem}")
{
    /// <summary>The image's name.</summary>
    public string File { get; } = file;
}
