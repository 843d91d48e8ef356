namespace Pyro.Workspaces;

/// <summary>What a path names.</summary>
public enum EntryKind
{
    /// <summary>A regular file.</summary>
    File,

    /// <summary>A folder.</summary>
    Directory,

    /// <summary>A symbolic link.</summary>
    Symlink,

    /// <summary>A named pipe, a socket or a device.</summary>
    Special,
}
