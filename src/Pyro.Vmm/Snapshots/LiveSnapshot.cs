namespace Pyro.Vmm.Snapshots;

/// <summary>A snapshot that was taken of a running machine, and what it cost the machine.</summary>
/// <param name="State">The state file.</param>
/// <param name="MemoryWrittenLive">
/// Whether memory was written while the machine ran. If not, the host could not copy the VMM process, and the machine
/// stood still for all of it.
/// </param>
/// <param name="Pause">How long the machine stood still.</param>
/// <param name="Copy">How long writing went on after that.</param>
public sealed record LiveSnapshot(byte[] State, bool MemoryWrittenLive, TimeSpan Pause, TimeSpan Copy);
