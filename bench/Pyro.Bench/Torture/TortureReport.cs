namespace Pyro.Bench.Torture;

/// <summary>What a torture run did. It ends at the first wrong thing, so that there is nothing to tell of one.</summary>
/// <param name="Seed">What its choices came from.</param>
/// <param name="Cycles">How many.</param>
/// <param name="Seconds">How long all of it took.</param>
/// <param name="Chains">How often it went from the first snapshot to one on many layers, or to the end.</param>
/// <param name="DeepestLayers">The most disk layers that a machine stood on.</param>
/// <param name="BlocksWritten">Blocks that the guests at the ends of chains had written since the load began.</param>
/// <param name="BlocksVerified">The same of blocks that were read and right.</param>
/// <param name="Counts">What happened how often.</param>
internal sealed record TortureReport(
    int Seed, int Cycles, double Seconds, int Chains, int DeepestLayers, long BlocksWritten, long BlocksVerified, IReadOnlyDictionary<string, int> Counts);
