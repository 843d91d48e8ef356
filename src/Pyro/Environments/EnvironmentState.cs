namespace Pyro.Environments;

/// <summary>Whether an environment can be used.</summary>
public enum EnvironmentState
{
    /// <summary>A source offers it; a pull installs it.</summary>
    Available,

    /// <summary>It is installed.</summary>
    Installed,

    /// <summary>Files of it are there and not whole; a pull repairs it.</summary>
    Damaged,
}
