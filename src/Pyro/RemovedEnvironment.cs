namespace Pyro;

/// <summary>What became of a removal.</summary>
/// <param name="Environment">The environment's name.</param>
/// <param name="Removed">False if it was not installed.</param>
public sealed record RemovedEnvironment(string Environment, bool Removed);
