namespace Pyro.Agent.Native;

/// <summary>struct timespec.</summary>
internal struct Timespec
{
    public long Seconds;
    public long Nanoseconds;

    public static Timespec FromNanoseconds(ulong nanoseconds) => new()
    {
        Seconds = (long)(nanoseconds / 1_000_000_000),
        Nanoseconds = (long)(nanoseconds % 1_000_000_000),
    };
}
