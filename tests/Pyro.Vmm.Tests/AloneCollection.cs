namespace Pyro.Vmm.Tests;

/// <summary>
/// Tests that run while no others do: those that count what this process has or want all processors, and live snapshots,
/// which a garbage collection on others' behalf makes paused ones.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    internal const string Name = "alone";
}
