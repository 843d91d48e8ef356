namespace Pyro.Vmm.Tests;

/// <summary>
/// Tests that run while no others do: a garbage collection on others' behalf at the moment a process is copied makes a
/// live snapshot a paused one.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    internal const string Name = "alone";
}
