namespace Pyro.Protocol;

/// <summary>What a running command tells next.</summary>
public enum ExecEventKind
{
    /// <summary>Bytes of standard output, or of the terminal.</summary>
    Stdout,

    /// <summary>Bytes of standard error.</summary>
    Stderr,

    /// <summary>The command ended; nothing follows.</summary>
    Exited,
}
