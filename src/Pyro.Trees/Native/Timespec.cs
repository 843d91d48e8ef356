namespace Pyro.Trees.Native;

/// <summary>struct timespec.</summary>
internal struct Timespec
{
    public long Seconds;
    public long Nanoseconds;
}
