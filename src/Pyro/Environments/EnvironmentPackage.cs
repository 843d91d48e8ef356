namespace Pyro.Environments;

/// <summary>A package an environment holds.</summary>
/// <param name="Name">The package's name.</param>
/// <param name="Version">Its version, in the words of its distribution.</param>
public sealed record EnvironmentPackage(string Name, string Version);
