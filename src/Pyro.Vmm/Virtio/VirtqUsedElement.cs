using System.Runtime.InteropServices;

namespace Pyro.Vmm.Virtio;

/// <summary><c>struct virtq_used_elem</c> (virtio 1.2, 2.7.8).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VirtqUsedElement
{
    internal uint Id;
    internal uint Length;
}
