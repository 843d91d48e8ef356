using Microsoft.Win32.SafeHandles;

namespace Pyro.Machines;

/// <summary>The open files that a machine's process is given; its configuration names them by their place here.</summary>
internal sealed class DescriptorList : IDisposable
{
    private readonly List<SafeFileHandle> _handles = [];

    internal SafeFileHandle[] Handles => [.. _handles];

    /// <summary>Puts a file behind the others; it is closed with this list.</summary>
    /// <returns>Its place.</returns>
    internal int Add(SafeFileHandle handle)
    {
        _handles.Add(handle);
        return _handles.Count - 1;
    }

    public void Dispose()
    {
        foreach (SafeFileHandle handle in _handles)
            handle.Dispose();
    }
}
