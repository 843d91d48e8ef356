namespace Pyro.Vmm.Snapshots;

/// <summary>A snapshot cannot be loaded, or not here; the message names it and the reason in one line.</summary>
public sealed class SnapshotException(string message) : Exception(message);
