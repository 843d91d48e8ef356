namespace Pyro.Agent.Tools.Changes;

/// <summary>A path that may have changed.</summary>
/// <param name="Path">Below the tree's root, without NUL.</param>
/// <param name="Old">What was there, or null.</param>
/// <param name="NewInode">What is there, or 0.</param>
internal sealed record Candidate(byte[] Path, OldEntry? Old, ulong NewInode);
