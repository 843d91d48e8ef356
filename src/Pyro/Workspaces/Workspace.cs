namespace Pyro.Workspaces;

/// <summary>A persistent machine whose <c>/workspace</c> tree somebody works in, as it is now.</summary>
public sealed record Workspace
{
    /// <summary>Where every workspace's tree lies in its machine.</summary>
    public const string Path = "/workspace";

    /// <summary>12 hexadecimal digits.</summary>
    public required string WorkspaceId { get; init; }

    /// <summary>A name for people, or null.</summary>
    public string? Name { get; init; }

    /// <summary>Words of its owner's.</summary>
    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    /// <summary>The environment it was made from.</summary>
    public required string Environment { get; init; }

    /// <summary>Whether its machine runs.</summary>
    public required WorkspaceState State { get; init; }

    /// <summary>Why it does not run, or null.</summary>
    public string? StopReason { get; init; }

    /// <summary><see cref="Path"/>.</summary>
    public string WorkspacePath { get; init; } = Path;

    /// <summary>What its tree began with.</summary>
    public required WorkspaceSeed WorkspaceSeed { get; init; }

    /// <summary><see cref="ExecutionModes.GuestVsock"/>: in a virtual machine.</summary>
    public string ExecutionMode { get; init; } = ExecutionModes.GuestVsock;

    /// <summary>Virtual processors.</summary>
    public required int VcpuCount { get; init; }

    /// <summary>Guest memory in MiB.</summary>
    public required int MemMib { get; init; }

    /// <summary>What of the network the machine sees; <c>off</c>: no network device at all.</summary>
    public string NetworkPolicy { get; init; } = "off";

    /// <summary>Commands since the last reset.</summary>
    public int CommandCount { get; init; }

    /// <summary>How often it was put back.</summary>
    public int ResetCount { get; init; }

    /// <summary>When it was put back last, or null.</summary>
    public DateTimeOffset? LastResetAt { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When something was done with it last.</summary>
    public required DateTimeOffset LastActivityAt { get; init; }

    /// <summary>When it is deleted by itself, or null for never.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>The id of the workspace it was forked from, or null.</summary>
    public string? ForkedFrom { get; init; }
}

/// <summary>Whether a workspace's machine runs.</summary>
public enum WorkspaceState
{
    /// <summary>It does.</summary>
    Running,

    /// <summary>It does not; its disk is as it was left.</summary>
    Stopped,

    /// <summary>The workspace's record cannot be read; it can only be deleted.</summary>
    Damaged,
}

/// <summary>What a workspace's tree began with.</summary>
/// <param name="Mode"><c>empty</c>, <c>directory</c>, <c>archive</c> or <c>fork</c>.</param>
/// <param name="SeedPath">The folder or archive on the host, or null.</param>
/// <param name="OriginKind"><c>git</c>, <c>directory</c> or <c>archive</c>: how a seed was read; <c>workspace</c> of a fork; or null.</param>
/// <param name="OriginRef">What it came from: a Git commit, a workspace's id, or null.</param>
public sealed record WorkspaceSeed(string Mode, string? SeedPath = null, string? OriginKind = null, string? OriginRef = null);

/// <summary>All workspaces of a user.</summary>
/// <param name="Workspaces">The last made first.</param>
public sealed record WorkspaceList(IReadOnlyList<Workspace> Workspaces);

/// <summary>What became of a workspace that was deleted.</summary>
/// <param name="WorkspaceId">Its id.</param>
/// <param name="Deleted">Always true.</param>
public sealed record DeletedWorkspace(string WorkspaceId, bool Deleted);
