using Microsoft.Win32.SafeHandles;
using Pyro.Files;

namespace Pyro.Machines;

/// <summary>The open files of a snapshot that machines go on from: nobody changes them any more.</summary>
/// <param name="Name">What it is called in messages.</param>
/// <param name="State">Processors and devices.</param>
/// <param name="Memory">Memory.</param>
/// <param name="Image">The image at the bottom of the disk.</param>
/// <param name="Layers">Frozen layers over it, lowest first.</param>
internal sealed record MachineSnapshot(string Name, SafeFileHandle State, SafeFileHandle Memory, SafeFileHandle Image, IReadOnlyList<SafeFileHandle> Layers) : IDisposable
{
    /// <summary>Which pages of the memory a machine writes to first, or null if nobody noted that.</summary>
    internal SafeFileHandle? WorkingSet { get; init; }

    /// <summary>A disk for one machine that goes on from it.</summary>
    /// <param name="top">An empty file to write to; the disk's from here on.</param>
    internal MachineDisk OpenDisk(SafeFileHandle top) => new(SameFile.ReadOnly(Image), Layers.Select(SameFile.ReadOnly), top);

    public void Dispose()
    {
        State.Dispose();
        Memory.Dispose();
        Image.Dispose();
        WorkingSet?.Dispose();
        foreach (SafeFileHandle layer in Layers)
            layer.Dispose();
    }
}
