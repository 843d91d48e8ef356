using System.Runtime.InteropServices;

namespace Pyro.Vmm.Virtio.Vsock;

/// <summary><c>struct virtio_vsock_hdr</c>, little-endian as the host is (virtio 1.2, 5.10.6).</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct VsockHeader
{
    internal const int ByteSize = 44;

    internal ulong SourceCid;
    internal ulong DestinationCid;
    internal uint SourcePort;
    internal uint DestinationPort;
    internal uint Length;
    internal ushort Type;
    internal VsockOp Op;
    internal uint Flags;
    internal uint BufAlloc;
    internal uint FwdCnt;
}
