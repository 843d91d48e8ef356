namespace Pyro.Workspaces;

/// <summary>Copies to be made of a running workspace.</summary>
public sealed record ForkWorkspaceRequest
{
    /// <summary>The most copies of one call.</summary>
    public const int MaxCount = 100;

    /// <summary>How many, 1 to <see cref="MaxCount"/>.</summary>
    public int Count { get; init; } = 1;

    /// <summary>A name for the copy, or null; several get <c>-1</c>, <c>-2</c>, ... behind it.</summary>
    public string? Name { get; init; }

    /// <summary>Refuses what is outside the limits.</summary>
    /// <exception cref="PyroException">Some value is (<see cref="ErrorCodes.InvalidArgument"/>).</exception>
    public void Validate()
    {
        if (Count is < 1 or > MaxCount)
            throw new PyroException(ErrorCodes.InvalidArgument, $"count is {Count}", $"Choose 1 to {MaxCount}.");
        WorkspaceNames.RequireName(Count == 1 || Name is null ? Name : $"{Name}-{Count}");
    }
}

/// <summary>The copies that were made of a workspace.</summary>
/// <param name="WorkspaceId">The workspace that was copied.</param>
/// <param name="Forks">The copies.</param>
public sealed record WorkspaceForkList(string WorkspaceId, IReadOnlyList<Workspace> Forks);
