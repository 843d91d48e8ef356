using System.Runtime.InteropServices;

namespace Pyro.Vmm.Snapshots;

/// <summary>What <see cref="MemoryCopy"/> is to do and how far it is. Lies in memory that this process and its copy share.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MemoryCopyJob
{
    /// <summary>The process that waits for the work.</summary>
    internal int Process;

    /// <summary>The memory file's descriptor.</summary>
    internal int File;

    /// <summary>Set once the copy of the process runs.</summary>
    internal volatile int Started;

    /// <summary>Set once the work is done, well or not.</summary>
    internal volatile int Finished;

    /// <summary>The error number that ended the work early, or 0.</summary>
    internal long Error;

    internal MemoryCopyRegion* Regions;

    internal int RegionCount;

    internal MemoryExtent* Extents;

    internal long ExtentCount;

    internal long ExtentRoom;
}

/// <summary>A region of guest memory, and where it goes in the file.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MemoryCopyRegion
{
    internal byte* Host;
    internal ulong Start;
    internal ulong Length;
    internal ulong FileOffset;
}
