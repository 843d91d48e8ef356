using System.Buffers.Binary;
using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Boot;

/// <summary>The <c>hvm_start_info</c> structure of the PVH boot protocol, version 1.</summary>
/// <remarks>Xen's public/arch-x86/hvm/start_info.h.</remarks>
internal static class PvhStartInfo
{
    private const uint Magic = 0x336ec578;
    private const uint MaxEntries = (0x1000 - 0x80) / 24;

    internal static void Write(GuestMemory memory, List<MemoryMapEntry> map, ulong ramdisk, uint ramdiskSize)
    {
        Span<byte> info = memory.GetSpan(GuestLayout.PvhStartInfo, 56);
        info.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(info, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(info[4..], 1);
        BinaryPrimitives.WriteUInt64LittleEndian(info[24..], GuestLayout.CommandLine.Value);
        if (ramdiskSize > 0)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(info[12..], 1);
            BinaryPrimitives.WriteUInt64LittleEndian(info[16..], GuestLayout.PvhModule.Value);
            Span<byte> module = memory.GetSpan(GuestLayout.PvhModule, 32);
            module.Clear();
            BinaryPrimitives.WriteUInt64LittleEndian(module, ramdisk);
            BinaryPrimitives.WriteUInt64LittleEndian(module[8..], ramdiskSize);
        }

        uint count = Math.Min((uint)map.Count, MaxEntries);
        BinaryPrimitives.WriteUInt64LittleEndian(info[40..], GuestLayout.PvhMemoryMap.Value);
        BinaryPrimitives.WriteUInt32LittleEndian(info[48..], count);
        Span<byte> table = memory.GetSpan(GuestLayout.PvhMemoryMap, count * 24);
        for (int i = 0; i < (int)count; i++)
        {
            Span<byte> entry = table.Slice(i * 24, 24);
            entry.Clear();
            BinaryPrimitives.WriteUInt64LittleEndian(entry, map[i].Start);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[8..], map[i].Length);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[16..], map[i].Type);
        }
    }
}
