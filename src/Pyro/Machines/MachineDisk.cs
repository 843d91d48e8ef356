using Microsoft.Win32.SafeHandles;
using Pyro.Files;

namespace Pyro.Machines;

/// <summary>
/// The files of a machine's root disk. The machine's process has them open too; here they are kept so that forks can be
/// given the same.
/// </summary>
internal sealed class MachineDisk : IDisposable
{
    private readonly List<SafeFileHandle> _layers;

    /// <summary>Takes over open files.</summary>
    /// <param name="image">The image at the bottom.</param>
    /// <param name="layers">Frozen layers over it, lowest first.</param>
    /// <param name="top">The layer that the machine writes to.</param>
    internal MachineDisk(SafeFileHandle image, IEnumerable<SafeFileHandle> layers, SafeFileHandle top)
    {
        Image = image;
        _layers = [.. layers];
        Top = top;
    }

    internal SafeFileHandle Image { get; }

    /// <summary>Frozen, lowest first.</summary>
    internal IReadOnlyList<SafeFileHandle> Layers => _layers;

    internal SafeFileHandle Top { get; private set; }

    /// <summary>Says that the machine goes on in a new layer: the one that it had is frozen. The file is this object's.</summary>
    internal void Branch(SafeFileHandle layer)
    {
        _layers.Add(Top);
        Top = layer;
    }

    public void Dispose()
    {
        Image.Dispose();
        foreach (SafeFileHandle layer in _layers)
            layer.Dispose();
        Top.Dispose();
    }
}
