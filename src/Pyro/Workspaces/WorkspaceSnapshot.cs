namespace Pyro.Workspaces;

/// <summary>A saved state of a workspace.</summary>
/// <param name="WorkspaceId">The workspace.</param>
/// <param name="SnapshotName">What it is called.</param>
/// <param name="CreatedAt">When it was taken.</param>
/// <param name="HasMemory">Whether it holds memory and processes too, beside the disk.</param>
/// <param name="DiskBytes">What it takes on the host's disk beside what others need.</param>
public sealed record WorkspaceSnapshot(string WorkspaceId, string SnapshotName, DateTimeOffset CreatedAt, bool HasMemory, long DiskBytes)
{
    /// <summary>The name of the state in which a workspace was made.</summary>
    public const string Baseline = "baseline";
}

/// <summary>A workspace's snapshots.</summary>
/// <param name="WorkspaceId">The workspace.</param>
/// <param name="Snapshots">In the order in which they were taken; the baseline is the first.</param>
public sealed record WorkspaceSnapshotList(string WorkspaceId, IReadOnlyList<WorkspaceSnapshot> Snapshots);

/// <summary>A snapshot that was deleted.</summary>
/// <param name="WorkspaceId">The workspace.</param>
/// <param name="SnapshotName">What it was called.</param>
/// <param name="Deleted">Always true.</param>
public sealed record DeletedSnapshot(string WorkspaceId, string SnapshotName, bool Deleted);
