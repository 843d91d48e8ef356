using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm.Native;

namespace Pyro.Kvm;

/// <summary><c>/dev/kvm</c>: what the host's KVM can do, and the way to VMs.</summary>
public sealed unsafe class KvmSystem : FileDescriptor
{
    private const string Target = "/dev/kvm";

    private KvmSystem(int fd)
        : base(fd)
    {
    }

    /// <summary>The API's version: 12 since 2007, and for good.</summary>
    public int ApiVersion => KvmException.Check(Ioctl.KVM_GET_API_VERSION(this), nameof(Ioctl.KVM_GET_API_VERSION), Target);

    /// <summary>Bytes of a vCPU's shared area, which starts with <see cref="kvm_run"/>.</summary>
    public int VcpuMmapSize => KvmException.Check(Ioctl.KVM_GET_VCPU_MMAP_SIZE(this), nameof(Ioctl.KVM_GET_VCPU_MMAP_SIZE), Target);

    /// <summary>Opens the device.</summary>
    /// <exception cref="LinuxException">
    /// It is not there (ENOENT: no KVM module), may not be opened (EACCES: not in its group), or its module does not work (ENODEV, ENXIO).
    /// </exception>
    /// <exception cref="NotSupportedException">It is no KVM of a version that there has been since 2007.</exception>
    public static KvmSystem Open(string path = "/dev/kvm")
    {
        var system = new KvmSystem(Libc.open(path, Uapi.O_RDWR | Uapi.O_CLOEXEC));
        if (system.IsInvalid)
        {
            throw LinuxException.Last("open", path);
        }
        return Checked(system, path);
    }

    /// <summary>Takes over a descriptor that another process opened and passed on.</summary>
    /// <param name="handle">The descriptor; belongs to the result from here on.</param>
    /// <exception cref="NotSupportedException">It is not KVM, or of another API version.</exception>
    public static KvmSystem FromHandle(SafeFileHandle handle)
    {
        var system = new KvmSystem((int)handle.DangerousGetHandle());
        handle.SetHandleAsInvalid();
        return Checked(system, Target);
    }

    private static KvmSystem Checked(KvmSystem system, string path)
    {
        int version = Ioctl.KVM_GET_API_VERSION(system);
        if (version != Uapi.KVM_API_VERSION)
        {
            int errno = Marshal.GetLastPInvokeError();
            system.Dispose();
            throw new NotSupportedException(version < 0
                ? path + " is not KVM: KVM_GET_API_VERSION gives " + Kvm.Errno.Describe(errno)
                : path + " speaks version " + version + " of the KVM API, this program version " + Uapi.KVM_API_VERSION);
        }
        return system;
    }

    /// <summary>0 if the capability is missing, otherwise 1 or a number whose meaning depends on it.</summary>
    /// <param name="capability">One of <c>Uapi.KVM_CAP_...</c>.</param>
    /// <exception cref="KvmException">The kernel refuses to say.</exception>
    public int CheckExtension(int capability) =>
        KvmException.Check(Ioctl.KVM_CHECK_EXTENSION(this, capability), nameof(Ioctl.KVM_CHECK_EXTENSION), Target);

    /// <summary>What CPUID may say in a guest: what the hardware has and KVM can pass on or emulate.</summary>
    /// <exception cref="KvmException">The kernel refuses to say.</exception>
    public kvm_cpuid_entry2[] GetSupportedCpuid()
    {
        // The kernel does not say how many there are, only that there was no room for them.
        for (int room = 64; ; room *= 2)
        {
            byte[] buffer = new byte[kvm_cpuid2.sizeof_entries(room)];
            fixed (byte* memory = buffer)
            {
                // SAFETY: the buffer has room for as many entries as nent says, and the kernel lowers nent to what it wrote.
                var list = (kvm_cpuid2*)memory;
                list->nent = (uint)room;
                if (Ioctl.KVM_GET_SUPPORTED_CPUID(this, list) >= 0)
                {
                    return new ReadOnlySpan<kvm_cpuid_entry2>(kvm_cpuid2.entries(list), (int)list->nent).ToArray();
                }
            }
            if (Marshal.GetLastPInvokeError() != Uapi.E2BIG || room > 4096)
            {
                throw new KvmException(nameof(Ioctl.KVM_GET_SUPPORTED_CPUID), Target, Marshal.GetLastPInvokeError());
            }
        }
    }

    /// <summary>The MSRs that <see cref="KvmVcpu.GetMsrs"/> and <see cref="KvmVcpu.SetMsrs"/> know: those to save and restore.</summary>
    /// <exception cref="KvmException">The kernel refuses to say.</exception>
    public uint[] GetMsrIndexList() => GetIndexList(features: false);

    /// <summary>The MSRs that say what the host's CPU can do.</summary>
    /// <exception cref="KvmException">The kernel refuses to say.</exception>
    public uint[] GetMsrFeatureIndexList() => GetIndexList(features: true);

    /// <summary>Creates a VM without memory, devices or vCPUs.</summary>
    /// <exception cref="KvmException">The kernel refuses, for lack of memory or because other software owns the CPU's virtualization.</exception>
    public KvmVm CreateVm()
    {
        int fd = KvmException.Check(Ioctl.KVM_CREATE_VM(this), nameof(Ioctl.KVM_CREATE_VM), Target);
        return new KvmVm(fd, VcpuMmapSize);
    }

    private uint[] GetIndexList(bool features)
    {
        string name = features ? nameof(Ioctl.KVM_GET_MSR_FEATURE_INDEX_LIST) : nameof(Ioctl.KVM_GET_MSR_INDEX_LIST);
        uint room = 256;
        while (true)
        {
            byte[] buffer = new byte[kvm_msr_list.sizeof_indices((int)room)];
            fixed (byte* memory = buffer)
            {
                // SAFETY: the buffer has room for nmsrs indices; the kernel sets nmsrs to their number whether they fit or not.
                var list = (kvm_msr_list*)memory;
                list->nmsrs = room;
                int result = features ? Ioctl.KVM_GET_MSR_FEATURE_INDEX_LIST(this, list) : Ioctl.KVM_GET_MSR_INDEX_LIST(this, list);
                if (result >= 0)
                {
                    return new ReadOnlySpan<uint>(kvm_msr_list.indices(list), (int)list->nmsrs).ToArray();
                }
                if (Marshal.GetLastPInvokeError() != Uapi.E2BIG || list->nmsrs <= room)
                {
                    throw new KvmException(name, Target, Marshal.GetLastPInvokeError());
                }
                room = list->nmsrs;
            }
        }
    }
}
