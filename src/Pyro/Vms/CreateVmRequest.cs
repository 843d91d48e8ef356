namespace Pyro.Vms;

/// <summary>A machine to be made for one command.</summary>
public sealed record CreateVmRequest
{
    /// <summary>The environment's name, as <c>debian:12</c>.</summary>
    public required string Environment { get; init; }

    /// <summary>Virtual processors, 1 to 32.</summary>
    public int VcpuCount { get; init; } = 1;

    /// <summary>Guest memory in MiB, 64 or more.</summary>
    public int MemMib { get; init; } = 1024;

    /// <summary>How long it may live, in seconds, started or not. After that it is deleted.</summary>
    public int TtlSeconds { get; init; } = 600;

    /// <summary>Refuses what is outside the limits.</summary>
    /// <exception cref="PyroException">Some value is (<see cref="ErrorCodes.InvalidArgument"/>).</exception>
    public void Validate() =>
        new RunRequest { Environment = Environment, Command = ["true"], VcpuCount = VcpuCount, MemMib = MemMib, TtlSeconds = TtlSeconds }.Validate();
}
