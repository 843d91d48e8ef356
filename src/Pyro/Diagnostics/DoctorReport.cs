namespace Pyro.Diagnostics;

/// <summary>What a doctor found.</summary>
/// <param name="Ok">Whether machines can run here: no check failed.</param>
/// <param name="HostKind">What kind of KVM the host has: <c>hardware</c>, <c>software</c>, <c>none</c> or <c>no_permission</c>.</param>
/// <param name="KvmApiVersion">The API version that KVM tells, or null.</param>
/// <param name="Environment">The environment that was looked for.</param>
/// <param name="Checks">Everything that was looked at, in a stable order.</param>
public sealed record DoctorReport(bool Ok, string HostKind, int? KvmApiVersion, string Environment, IReadOnlyList<DoctorCheck> Checks);
