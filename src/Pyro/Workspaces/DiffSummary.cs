namespace Pyro.Workspaces;

/// <summary>How many paths differ; each entry counts once in the first four, and once in the last two.</summary>
/// <param name="Added">Paths that were not there.</param>
/// <param name="Modified">Paths whose content or permissions changed; renamed ones too.</param>
/// <param name="Deleted">Paths that are gone.</param>
/// <param name="TypeChanged">Paths that were something else.</param>
/// <param name="TextPatched">Changes that the patch tells.</param>
/// <param name="NonText">Changes that it does not; their entries say why.</param>
public sealed record DiffSummary(int Added, int Modified, int Deleted, int TypeChanged, int TextPatched, int NonText);
