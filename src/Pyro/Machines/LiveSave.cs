using Pyro.Vmm.Processes;

namespace Pyro.Machines;

/// <summary>What became of a snapshot for forks.</summary>
/// <param name="Result">As the machine's process tells it.</param>
/// <param name="Layers">In how many new disk layers the source goes on, whether there is a snapshot or not.</param>
/// <param name="Held">How long the source's processes stood still, from when they were asked to until they were let go.</param>
internal sealed record LiveSave(MachineSavedLive Result, int Layers, TimeSpan Held);
