namespace Pyro.Trees.Tar;

/// <summary>What an archive's entry is.</summary>
public enum TarKind
{
    /// <summary>None of those that are taken: a device, a pipe, something unknown.</summary>
    Other,

    /// <summary>A regular file.</summary>
    File,

    /// <summary>A directory.</summary>
    Directory,

    /// <summary>A symbolic link.</summary>
    Link,

    /// <summary>Another name of an earlier entry.</summary>
    HardLink,
}
