using Pyro.Kvm.Native;

namespace Pyro.Kvm;

/// <summary>
/// A VM. Closing it does not end it while a vCPU of it is open, and may take milliseconds: the kernel waits for its readers.
/// </summary>
public sealed unsafe partial class KvmVm : FileDescriptor
{
    private const string Target = "vm";

    private readonly int _vcpuMmapSize;

    internal KvmVm(int fd, int vcpuMmapSize)
        : base(fd) => _vcpuMmapSize = vcpuMmapSize;

    /// <summary>What <see cref="KvmSystem.CheckExtension"/> says, for this VM.</summary>
    /// <param name="capability">One of <c>Uapi.KVM_CAP_...</c>.</param>
    /// <exception cref="KvmException">The kernel refuses to say.</exception>
    public int CheckExtension(int capability) => Check(Ioctl.KVM_CHECK_EXTENSION(this, capability), nameof(Ioctl.KVM_CHECK_EXTENSION));

    /// <summary>Bytes of a vCPU's XSAVE area: 4096, or more where guests have been allowed state that is larger.</summary>
    /// <exception cref="KvmException">The kernel refuses to say.</exception>
    public int XsaveSize => Math.Max(sizeof(kvm_xsave), CheckExtension(Uapi.KVM_CAP_XSAVE2));

    /// <summary>Switches a capability on.</summary>
    /// <param name="capability">One of <c>Uapi.KVM_CAP_...</c>.</param>
    /// <param name="argument0">What the capability's first argument means is its own.</param>
    /// <param name="argument1">The second argument.</param>
    /// <exception cref="KvmException">The capability is not known or cannot be had now.</exception>
    public void EnableCapability(int capability, ulong argument0 = 0, ulong argument1 = 0)
    {
        var enable = new kvm_enable_cap { cap = (uint)capability };
        enable.args[0] = argument0;
        enable.args[1] = argument1;
        if (Ioctl.KVM_ENABLE_CAP(this, in enable) < 0)
        {
            throw Failed(nameof(Ioctl.KVM_ENABLE_CAP), "capability " + capability);
        }
    }

    /// <summary>
    /// Puts host memory at a guest address, changes a slot's flags or place, or with a size of 0 takes the slot away. The first slot
    /// is cheaper before <see cref="CreateIrqchip"/> than after it.
    /// </summary>
    /// <param name="slot">The slot's number.</param>
    /// <param name="guestAddress">Where the guest sees it; a multiple of the page size.</param>
    /// <param name="size">Bytes; a multiple of the page size.</param>
    /// <param name="host">Memory of that size, which stays mapped until the slot or the VM is gone.</param>
    /// <param name="flags"><c>KVM_MEM_READONLY</c>, <c>KVM_MEM_LOG_DIRTY_PAGES</c>.</param>
    /// <exception cref="KvmException">Slots overlap, are not aligned, or there are too many.</exception>
    public void SetMemoryRegion(uint slot, ulong guestAddress, ulong size, void* host, uint flags = 0)
    {
        var region = new kvm_userspace_memory_region
        {
            slot = slot,
            flags = flags,
            guest_phys_addr = guestAddress,
            memory_size = size,
            userspace_addr = (ulong)host,
        };
        if (Ioctl.KVM_SET_USER_MEMORY_REGION(this, in region) < 0)
        {
            throw Failed(nameof(Ioctl.KVM_SET_USER_MEMORY_REGION), $"slot {slot} at 0x{guestAddress:x} of 0x{size:x} bytes");
        }
    }

    /// <summary>Reads, and unless manual protection is on clears, which pages of a slot were written to.</summary>
    /// <param name="slot">A slot with <c>KVM_MEM_LOG_DIRTY_PAGES</c>.</param>
    /// <param name="bitmap">A bit a page; as many words as the slot's pages need.</param>
    /// <exception cref="KvmException">The slot is not there or logs nothing.</exception>
    public void GetDirtyLog(uint slot, Span<ulong> bitmap)
    {
        fixed (ulong* bits = bitmap)
        {
            // SAFETY: the kernel writes a bit a page of the slot; the caller's span is as long as the contract above says.
            var log = new kvm_dirty_log { slot = slot, dirty_bitmap = bits };
            if (Ioctl.KVM_GET_DIRTY_LOG(this, in log) < 0)
            {
                throw Failed(nameof(Ioctl.KVM_GET_DIRTY_LOG), "slot " + slot);
            }
        }
    }

    /// <summary>Clears dirty bits after <c>KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2</c> was enabled.</summary>
    /// <param name="slot">The slot.</param>
    /// <param name="firstPage">A multiple of 64.</param>
    /// <param name="pages">A multiple of 64, or to the slot's end.</param>
    /// <param name="bitmap">The bits to clear, the first for <paramref name="firstPage"/>.</param>
    /// <exception cref="KvmException">The slot is not there, or the range is not in it.</exception>
    public void ClearDirtyLog(uint slot, ulong firstPage, uint pages, ReadOnlySpan<ulong> bitmap)
    {
        fixed (ulong* bits = bitmap)
        {
            // SAFETY: the kernel reads a bit a page of the range; the caller's span is as long as the contract above says.
            var log = new kvm_clear_dirty_log { slot = slot, first_page = firstPage, num_pages = pages, dirty_bitmap = bits };
            if (Ioctl.KVM_CLEAR_DIRTY_LOG(this, ref log) < 0)
            {
                throw Failed(nameof(Ioctl.KVM_CLEAR_DIRTY_LOG), "slot " + slot);
            }
        }
    }

    /// <summary>Gives Intel's real-mode emulation three pages that the guest does not use.</summary>
    /// <exception cref="KvmException">The address is out of reach.</exception>
    public void SetTssAddress(uint address) => Check(Ioctl.KVM_SET_TSS_ADDR(this, (nint)address), nameof(Ioctl.KVM_SET_TSS_ADDR));

    /// <summary>Gives Intel's real-mode emulation another page that the guest does not use. Before the first vCPU.</summary>
    /// <exception cref="KvmException">There is a vCPU already.</exception>
    public void SetIdentityMapAddress(ulong address) =>
        Check(Ioctl.KVM_SET_IDENTITY_MAP_ADDR(this, in address), nameof(Ioctl.KVM_SET_IDENTITY_MAP_ADDR));

    /// <summary>Says which vCPU is the boot processor, if not 0. Before the first vCPU.</summary>
    /// <exception cref="KvmException">There is a vCPU already.</exception>
    public void SetBootCpu(uint id) => Check(Ioctl.KVM_SET_BOOT_CPU_ID(this, (nint)id), nameof(Ioctl.KVM_SET_BOOT_CPU_ID));

    /// <summary>The clock that guests with kvmclock see.</summary>
    /// <exception cref="KvmException">The kernel refuses.</exception>
    public kvm_clock_data GetClock()
    {
        Check(Ioctl.KVM_GET_CLOCK(this, out kvm_clock_data clock), nameof(Ioctl.KVM_GET_CLOCK));
        return clock;
    }

    /// <summary>Sets that clock. Of the flags only <c>KVM_CLOCK_REALTIME</c> may be set, not all that <see cref="GetClock"/> gives.</summary>
    /// <exception cref="KvmException">The kernel refuses.</exception>
    public void SetClock(in kvm_clock_data clock) => Check(Ioctl.KVM_SET_CLOCK(this, in clock), nameof(Ioctl.KVM_SET_CLOCK));

    /// <summary>Sends accesses to MSRs that the filter denies out of the guest as #GP, or to user space with <c>KVM_CAP_X86_USER_SPACE_MSR</c>.</summary>
    /// <exception cref="KvmException">The filter is not valid.</exception>
    public void SetMsrFilter(in kvm_msr_filter filter) => Check(Ioctl.KVM_X86_SET_MSR_FILTER(this, in filter), nameof(Ioctl.KVM_X86_SET_MSR_FILTER));

    /// <summary>Creates a vCPU.</summary>
    /// <param name="id">Its number, which is its APIC's too; below <c>KVM_CAP_MAX_VCPU_ID</c>.</param>
    /// <exception cref="KvmException">The number is taken or too large.</exception>
    /// <exception cref="LinuxException">Its shared area cannot be mapped.</exception>
    public KvmVcpu CreateVcpu(int id)
    {
        int fd = Ioctl.KVM_CREATE_VCPU(this, id);
        return fd < 0 ? throw Failed(nameof(Ioctl.KVM_CREATE_VCPU), "vcpu " + id) : KvmVcpu.Map(fd, id, _vcpuMmapSize, XsaveSize);
    }

    private static int Check(int result, string ioctl) => KvmException.Check(result, ioctl, Target);

    private static KvmException Failed(string ioctl, string detail) =>
        new(ioctl, Target + ", " + detail, System.Runtime.InteropServices.Marshal.GetLastPInvokeError());
}
