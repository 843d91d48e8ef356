using Pyro.Benchmarks;

namespace Pyro.Bench;

/// <summary>From the wish for a VM to its guest's first port write, in a process that is already running.</summary>
internal sealed record KvmReport(int Runs, Distribution VmToFirstInstructionUs);
