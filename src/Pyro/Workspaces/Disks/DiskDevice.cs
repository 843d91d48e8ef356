using Pyro.Trees.Ext4;
using Pyro.Vmm.Disks;

namespace Pyro.Workspaces.Disks;

/// <summary>A machine's disk as a file system sees it. The disk stays its owner's.</summary>
internal sealed class DiskDevice(OverlayDisk disk) : IExt4Device
{
    public void Read(ulong offset, Span<byte> buffer)
    {
        if (offset > disk.Length || (ulong)buffer.Length > disk.Length - offset)
            throw new Ext4Exception("the disk is shorter than its file system");
        disk.Read(offset, buffer);
    }

    public void Dispose()
    {
    }
}
