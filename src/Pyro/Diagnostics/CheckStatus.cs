namespace Pyro.Diagnostics;

/// <summary>What a check came to.</summary>
public enum CheckStatus
{
    /// <summary>In order.</summary>
    Ok,

    /// <summary>Works, with a limit worth knowing.</summary>
    Warning,

    /// <summary>Machines will not run until this is mended.</summary>
    Failed,
}
