namespace Pyro.Workspaces.Files;

/// <summary>What became of one of several files to read.</summary>
/// <param name="Content">What it holds, or null.</param>
/// <param name="Failure">Why there is none, or null.</param>
internal sealed record FileReading(FileContent? Content, PyroException? Failure);
