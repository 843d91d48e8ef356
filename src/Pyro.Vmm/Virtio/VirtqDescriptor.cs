using System.Runtime.InteropServices;

namespace Pyro.Vmm.Virtio;

/// <summary><c>struct virtq_desc</c> (virtio 1.2, 2.7.5).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VirtqDescriptor
{
    /// <summary>Bytes of one descriptor.</summary>
    internal const uint ByteSize = 16;

    /// <summary>The chain goes on at <see cref="Next"/>.</summary>
    internal const ushort VIRTQ_DESC_F_NEXT = 1;

    /// <summary>The device writes here, rather than reads.</summary>
    internal const ushort VIRTQ_DESC_F_WRITE = 2;

    /// <summary>The buffer is a table of descriptors.</summary>
    internal const ushort VIRTQ_DESC_F_INDIRECT = 4;

    internal ulong Address;
    internal uint Length;
    internal ushort Flags;
    internal ushort Next;
}
