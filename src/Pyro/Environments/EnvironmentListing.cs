namespace Pyro.Environments;

/// <summary>One line of the list of environments.</summary>
/// <param name="Name">The name it is known by.</param>
/// <param name="Description">What it is for.</param>
/// <param name="State">Whether it can be used.</param>
/// <param name="Installed">The installed environment, if there is a whole one.</param>
public sealed record EnvironmentListing(string Name, string Description, EnvironmentState State, InstalledEnvironment? Installed);
