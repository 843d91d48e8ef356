namespace Pyro.Trees.Native;

/// <summary>struct open_how (linux/openat2.h).</summary>
internal struct OpenHow
{
    public ulong Flags;
    public ulong Mode;
    public ulong Resolve;
}
