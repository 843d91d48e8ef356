namespace Pyro.Vmm.Tests;

/// <summary>For tests that count what this process has, or want all processors: no other runs beside them.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
