using System.Text;
using Microsoft.Win32.SafeHandles;
using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Boot;

/// <summary>How the first vCPU enters the kernel.</summary>
public enum BootProtocol
{
    /// <summary>64-bit long mode at <c>startup_64</c> with a <c>boot_params</c> page.</summary>
    Linux64,

    /// <summary>32-bit protected mode at the PVH entry with a <c>hvm_start_info</c> structure.</summary>
    Pvh,
}

/// <summary>Where and how the first vCPU starts.</summary>
/// <param name="Protocol">The boot protocol, which decides the processor's mode.</param>
/// <param name="Entry">Guest-physical address of the first instruction.</param>
public readonly record struct BootEntry(BootProtocol Protocol, ulong Entry);

/// <summary>Puts a kernel, its initramfs, its command line and the tables it reads into guest memory.</summary>
public static class KernelLoader
{
    private const ulong PageSize = 4096;

    /// <summary>Loads everything and says where to start.</summary>
    /// <param name="memory">The machine's memory, still zero.</param>
    /// <param name="kernel">An ELF <c>vmlinux</c>.</param>
    /// <param name="kernelName">Its name for messages.</param>
    /// <param name="initramfs">An initramfs, or null; mapped, as <see cref="GuestMemory.MapFile"/> says.</param>
    /// <param name="commandLine">The kernel's command line, at most 2047 bytes.</param>
    /// <param name="vcpuCount">1 to 32.</param>
    /// <param name="protocol">The boot protocol to enter by.</param>
    /// <exception cref="BootException">Something does not fit or is damaged.</exception>
    public static BootEntry Load(
        GuestMemory memory, SafeFileHandle kernel, string kernelName, SafeFileHandle? initramfs, string commandLine, int vcpuCount, BootProtocol protocol)
    {
        ElfKernel elf = ElfKernel.Read(kernel, kernelName);
        elf.Load(memory);
        // Most boot tables lie in one huge page. Its first access must be a write: a read maps the huge page of zeroes that
        // all share, and the first write after that splits it into small ones.
        memory.TryWrite(GuestLayout.BootParams, (byte)0);

        uint commandLineLength = WriteCommandLine(memory, commandLine);
        (ulong ramdisk, uint ramdiskSize) = LoadInitramfs(memory, initramfs, elf.EndAddress);
        List<MemoryMapEntry> map = MemoryMap.Of(memory);
        MpTable.Write(memory, vcpuCount);

        if (protocol == BootProtocol.Pvh)
        {
            uint entry = elf.PvhEntry ?? throw new BootException($"{kernelName}: has no PVH entry (CONFIG_PVH). Boot it by the 64-bit protocol.");
            PvhStartInfo.Write(memory, map, ramdisk, ramdiskSize);
            return new BootEntry(BootProtocol.Pvh, entry);
        }

        ZeroPage.Write(memory, map, commandLineLength, ramdisk, ramdiskSize);
        return new BootEntry(BootProtocol.Linux64, elf.Entry64);
    }

    private static uint WriteCommandLine(GuestMemory memory, string commandLine)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(commandLine);
        if (bytes.Length >= GuestLayout.CommandLineSize || bytes.AsSpan().Contains((byte)0))
        {
            throw new BootException($"The kernel command line has {bytes.Length} bytes; at most {GuestLayout.CommandLineSize - 1} fit, and none may be zero.");
        }

        Span<byte> target = memory.GetSpan(GuestLayout.CommandLine, GuestLayout.CommandLineSize);
        target.Clear();
        bytes.CopyTo(target);
        return (uint)bytes.Length;
    }

    /// <summary>The initramfs goes to the end of the memory below the hole, away from the kernel's first allocations.</summary>
    private static (ulong Address, uint Size) LoadInitramfs(GuestMemory memory, SafeFileHandle? initramfs, ulong kernelEnd)
    {
        if (initramfs is null)
        {
            return (0, 0);
        }

        long length = RandomAccess.GetLength(initramfs);
        ulong lowEnd = memory.Regions[0].Start.Value + memory.Regions[0].Length;
        if (length is <= 0 or > int.MaxValue || (ulong)length + PageSize > lowEnd || ((lowEnd - (ulong)length) & ~(PageSize - 1)) < kernelEnd)
        {
            throw new BootException($"An initramfs of {length} bytes does not fit beside the kernel in {memory.Size >> 20} MiB. Give the machine more memory.");
        }

        // Mapped, not copied: a kernel that leaves files where they are (docs/kernel.md) shares them with all other machines.
        ulong address = (lowEnd - (ulong)length) & ~(PageSize - 1);
        memory.MapFile(new GuestAddress(address), lowEnd - address, initramfs, 0);
        return (address, (uint)length);
    }
}
