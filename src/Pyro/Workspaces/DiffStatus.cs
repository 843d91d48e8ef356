namespace Pyro.Workspaces;

/// <summary>What became of a path since the baseline.</summary>
public enum DiffStatus
{
    /// <summary>It was not there.</summary>
    Added,

    /// <summary>Its content or its permissions changed.</summary>
    Modified,

    /// <summary>It is not there any more.</summary>
    Deleted,

    /// <summary>It was somewhere else, and may have changed as well.</summary>
    Renamed,

    /// <summary>It was something else: a file and a link, a folder, a device.</summary>
    TypeChanged,
}
