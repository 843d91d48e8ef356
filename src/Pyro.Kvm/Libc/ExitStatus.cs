namespace Pyro.Kvm;

/// <summary>How a process ended.</summary>
/// <param name="Code">Its exit code; 0 if a signal ended it.</param>
/// <param name="Signal">The signal that ended it, or 0.</param>
public readonly record struct ExitStatus(int Code, int Signal)
{
    /// <summary>Takes apart what <c>waitpid</c> gives (WIFEXITED and its like are macros of the C library).</summary>
    public static ExitStatus Decode(int status) => (status & 0x7f) == 0 ? new((status >> 8) & 0xff, 0) : new(0, status & 0x7f);
}
