namespace Pyro.Bench.Torture;

/// <summary>A snapshot as files with names.</summary>
/// <param name="Name">What it is called in messages.</param>
/// <param name="State">Processors and devices.</param>
/// <param name="Memory">The guest's memory.</param>
/// <param name="Layers">Frozen disk layers over the environment's image, lowest first.</param>
internal sealed record Snapshot(string Name, string State, string Memory, IReadOnlyList<string> Layers)
{
    internal IEnumerable<string> Files => [State, Memory, .. Layers];
}
