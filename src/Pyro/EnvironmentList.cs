using Pyro.Environments;

namespace Pyro;

/// <summary>The environments that there are.</summary>
/// <param name="Environments">Those that can be installed, by name, then what else is installed.</param>
public sealed record EnvironmentList(IReadOnlyList<EnvironmentListing> Environments);
