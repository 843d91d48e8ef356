namespace Pyro.Cli.Terminals;

/// <summary>
/// Keeps the terminal raw from a command's start to its end, and no longer: before that, Ctrl-C is a signal to pyro.
/// </summary>
internal sealed class RawModeWhileRunning(IProgress<RunPhase>? next) : IProgress<RunPhase>, IDisposable
{
    private IDisposable? _raw;

    public void Report(RunPhase value)
    {
        if (value.Name == RunPhase.Done)
            Dispose();
        next?.Report(value);
        if (value.Name == RunPhase.Exec && !OwnsTerminal(value))
            _raw = LocalTerminal.EnterRawMode();
    }

    public void Dispose()
    {
        _raw?.Dispose();
        _raw = null;
    }

    // A command on the host has the terminal itself and sets it as it likes.
    private static bool OwnsTerminal(RunPhase phase)
    {
        foreach ((string key, string value) in phase.Details)
        {
            if (key == "mode" && value == ExecutionModes.HostCompat)
                return true;
        }
        return false;
    }
}
