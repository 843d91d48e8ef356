namespace Pyro.Warm;

/// <summary>What <c>pyro prepare</c> made or found.</summary>
/// <param name="Environment">The environment's name.</param>
/// <param name="VcpuCount">Virtual processors of the machines that start from it.</param>
/// <param name="MemMib">Their memory in MiB.</param>
/// <param name="WarmState">Whether they start from a snapshot now.</param>
/// <param name="Made">Whether it was made by this call.</param>
/// <param name="Snapshot">The snapshot's folder.</param>
/// <param name="DiskUsage">Bytes it takes on the host's disk.</param>
public sealed record PreparedEnvironment(string Environment, int VcpuCount, int MemMib, WarmState WarmState, bool Made, string Snapshot, long DiskUsage);
