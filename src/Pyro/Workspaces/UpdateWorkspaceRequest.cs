namespace Pyro.Workspaces;

/// <summary>Changes of a workspace's name and labels; what is not said stays.</summary>
public sealed record UpdateWorkspaceRequest
{
    /// <summary>A new name, or null.</summary>
    public string? Name { get; init; }

    /// <summary>Take the name away.</summary>
    public bool ClearName { get; init; }

    /// <summary>Labels to set.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Labels to take away.</summary>
    public IReadOnlyList<string> ClearLabels { get; init; } = [];

    /// <summary>Refuses what is outside the limits.</summary>
    /// <exception cref="PyroException">Some value is (<see cref="ErrorCodes.InvalidArgument"/>).</exception>
    public void Validate()
    {
        if (Name is not null && ClearName)
            throw new PyroException(ErrorCodes.InvalidArgument, "a name is both given and taken away", "Give --name or --clear-name.");
        WorkspaceNames.RequireName(Name);
        WorkspaceNames.RequireLabels(Labels);
    }
}
