using Microsoft.Win32.SafeHandles;
using Pyro.Vmm.Disks;
using Pyro.Vmm.Virtio;
using Pyro.Vmm.Virtio.Balloon;
using Pyro.Vmm.Virtio.Block;
using Pyro.Vmm.Virtio.Rng;
using Pyro.Vmm.Virtio.Vsock;

namespace Pyro.Vmm.Processes;

/// <summary>Turns a configuration into devices, in the order of their addresses: disks, vsock, random numbers, balloon.</summary>
internal static class DeviceList
{
    internal static List<VirtioDevice> Of(MachineConfig config, SafeFileHandle[] descriptors, Action<string> log)
    {
        var devices = new List<VirtioDevice>();
        foreach (DiskConfig disk in config.Disks)
        {
            devices.Add(new BlockDevice(Open(disk, descriptors), $"pyro-disk-{devices.Count}", log));
        }

        if (config.Vsock is VsockConfig vsock)
        {
            devices.Add(new VirtioVsock(vsock.GuestCid, descriptors[vsock.ListenDescriptor], vsock.Path));
        }

        if (config.Rng)
        {
            devices.Add(new RngDevice());
        }

        if (config.Balloon)
        {
            devices.Add(new BalloonDevice());
        }

        return devices;
    }

    private static IDiskBackend Open(DiskConfig disk, SafeFileHandle[] descriptors)
    {
        bool layered = disk.OverlayDescriptor is not null || disk.LayerDescriptors.Count > 0;
        IDiskBackend top = new RawDisk(descriptors[disk.BaseDescriptor], disk.Name, layered || disk.ReadOnly);
        foreach (int layer in disk.LayerDescriptors)
        {
            OverlayDisk frozen = OverlayDisk.Open(descriptors[layer], disk.Name + " (frozen layer)", top, readOnly: true, DiskDurability.ThrowAway);
            top = frozen.IsFrozen ? frozen : throw new DiskException(frozen.Name, "it is not frozen: it can still change, or the snapshot that it was made for was never complete");
        }

        if (disk.OverlayDescriptor is not int overlay)
        {
            return top;
        }

        DiskDurability durability = disk.Durable ? DiskDurability.Durable : DiskDurability.ThrowAway;
        string name = disk.Name + " (layer)";
        return RandomAccess.GetLength(descriptors[overlay]) == 0
            ? OverlayDisk.Create(descriptors[overlay], name, top, durability)
            : OverlayDisk.Open(descriptors[overlay], name, top, readOnly: false, durability);
    }
}
