using System.Runtime.InteropServices;

namespace Pyro.Agent.Native;

/// <summary>struct sockaddr_vm (linux/vm_sockets.h).</summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
internal struct VsockAddress
{
    public ushort Family;
    public ushort Reserved;
    public uint Port;
    public uint Cid;

    public VsockAddress(uint cid, uint port)
    {
        Family = Linux.AF_VSOCK;
        Cid = cid;
        Port = port;
    }
}
