namespace Pyro.Cli;

/// <summary>Exit codes that are Pyro's own; all others are the guest command's.</summary>
internal static class ExitCodes
{
    internal const int Ok = 0;

    /// <summary>`pyro doctor` found something that keeps machines from running.</summary>
    internal const int Unhealthy = 1;

    internal const int BadUsage = 2;

    internal const int PyroFailed = 125;

    /// <summary>As of a process that SIGPIPE ended.</summary>
    internal const int BrokenPipe = 141;
}
