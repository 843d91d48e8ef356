namespace Pyro.Machines;

/// <summary>What a machine was asked to be, what it is put together from, and where Pyro keeps its files.</summary>
internal sealed record MachineSpec(MachineOptions Options, MachineParts Parts, PyroPaths Paths);
