using Microsoft.Win32.SafeHandles;

namespace Pyro.Machines;

/// <summary>The open files that a machine's process is given; its configuration names them by their place here.</summary>
internal sealed class DescriptorList : IDisposable
{
    private readonly List<SafeFileHandle> _handles = [];
    private readonly List<SafeFileHandle> _owned = [];

    internal SafeFileHandle[] Handles => [.. _handles];

    /// <summary>Puts a file behind the others; it stays the caller's.</summary>
    /// <returns>Its place.</returns>
    internal int Lend(SafeFileHandle handle)
    {
        _handles.Add(handle);
        return _handles.Count - 1;
    }

    /// <summary>Puts a file behind the others; it is closed with this list.</summary>
    /// <returns>Its place.</returns>
    internal int Give(SafeFileHandle handle)
    {
        _owned.Add(handle);
        return Lend(handle);
    }

    public void Dispose()
    {
        foreach (SafeFileHandle handle in _owned)
            handle.Dispose();
    }
}
