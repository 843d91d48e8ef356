namespace Pyro.Environments;

/// <summary>What a prune removed.</summary>
/// <param name="Removed">Names of folders in the stores: old recipes' images, snapshots of older machines, damaged ones, interrupted builds.</param>
/// <param name="FreedBytes">Bytes freed on the host's disk.</param>
public sealed record PruneResult(IReadOnlyList<string> Removed, long FreedBytes);
