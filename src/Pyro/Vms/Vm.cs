using Pyro.Workspaces;

namespace Pyro.Vms;

/// <summary>A machine for one command, as it is now. Unlike a workspace it has neither baseline nor history, and is gone after its command.</summary>
/// <param name="VmId">12 hexadecimal digits.</param>
/// <param name="Environment">The environment it was made from.</param>
/// <param name="State">Whether it runs.</param>
/// <param name="StopReason">Why it does not run, or null.</param>
/// <param name="ExecutionMode"><see cref="ExecutionModes.GuestVsock"/>: in a virtual machine.</param>
/// <param name="VcpuCount">Virtual processors.</param>
/// <param name="MemMib">Guest memory in MiB.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="ExpiresAt">When it ends by itself.</param>
public sealed record Vm(
    string VmId,
    string Environment,
    WorkspaceState State,
    string? StopReason,
    string ExecutionMode,
    int VcpuCount,
    int MemMib,
    DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt);

/// <summary>A machine that was deleted.</summary>
/// <param name="VmId">Its id.</param>
/// <param name="Deleted">Always true.</param>
public sealed record DeletedVm(string VmId, bool Deleted);

/// <summary>What of the network a machine sees.</summary>
/// <param name="VmId">The machine.</param>
/// <param name="NetworkPolicy"><c>off</c>: it has no network device at all.</param>
public sealed record VmNetworkInfo(string VmId, string NetworkPolicy);
