namespace Pyro.Environments;

/// <summary>What a source has put into the folder it was given, beside the image.</summary>
/// <param name="Origin">Where it came from, in words: a mirror, a registry and digest.</param>
/// <param name="Packages">What is in it.</param>
public sealed record EnvironmentContent(string Origin, IReadOnlyList<EnvironmentPackage> Packages);
