namespace Pyro;

/// <summary>The values of <see cref="RunResult.ExecutionMode"/>.</summary>
public static class ExecutionModes
{
    /// <summary>The command ran in a guest and was reached over vsock.</summary>
    public const string GuestVsock = "guest_vsock";

    /// <summary>The command ran on the host, without isolation.</summary>
    public const string HostCompat = "host_compat";
}
