using System.Runtime.InteropServices;
using Pyro.Kvm.Native;

namespace Pyro.Kvm;

/// <summary>
/// A vCPU. Its methods are for the thread that runs it, but for <see cref="ImmediateExit"/>, which any thread may set.
/// </summary>
public sealed unsafe partial class KvmVcpu : FileDescriptor
{
    private readonly nuint _size;
    private readonly string _name;

    private KvmVcpu(int fd, int id, kvm_run* shared, nuint size, int xsaveSize)
        : base(fd)
    {
        Id = id;
        Shared = shared;
        _size = size;
        XsaveSize = xsaveSize;
        _name = "vcpu " + id;
    }

    /// <summary>The vCPU's number.</summary>
    public int Id { get; }

    /// <summary>Bytes that <see cref="GetXsave2"/> and <see cref="SetXsave2"/> move.</summary>
    public int XsaveSize { get; }

    /// <summary>
    /// The area shared with the kernel, which says why the guest stopped and takes the answers; data of port I/O lies behind the
    /// struct, where <c>io.data_offset</c> says. Null once the handle is closed.
    /// </summary>
    public kvm_run* Shared { get; private set; }

    /// <summary>
    /// Makes the next <see cref="Run"/> finish what the last exit left open and come back at once as interrupted. Stays set until
    /// it is reset. To stop a guest that is running, a signal is needed as well.
    /// </summary>
    public bool ImmediateExit
    {
        get => Volatile.Read(ref Shared->immediate_exit) != 0;
        set => Volatile.Write(ref Shared->immediate_exit, value ? (byte)1 : (byte)0);
    }

    /// <summary>Runs the guest until it needs something or is interrupted. Allocates nothing.</summary>
    /// <exception cref="KvmException">The vCPU cannot run.</exception>
    public VcpuRunResult Run() => Ioctl.KVM_RUN(this) >= 0 ? VcpuRunResult.Exit : NotRun();

    /// <summary>
    /// The signals that are blocked while the guest runs, instead of those that the thread blocks: bit n - 1 for signal n. A signal
    /// that the thread blocks and this mask does not stops the guest without any handler being run, and stays pending.
    /// </summary>
    /// <exception cref="KvmException">The kernel refuses.</exception>
    public void SetSignalMask(ulong blocked)
    {
        byte* buffer = stackalloc byte[sizeof(kvm_signal_mask) + sizeof(ulong)];
        // SAFETY: the kernel's signal set is eight bytes, for which there is room behind the struct.
        var mask = (kvm_signal_mask*)buffer;
        mask->len = sizeof(ulong);
        *(ulong*)kvm_signal_mask.sigset(mask) = blocked;
        Check(Ioctl.KVM_SET_SIGNAL_MASK(this, mask), nameof(Ioctl.KVM_SET_SIGNAL_MASK));
    }

    /// <summary>Lets the thread's own signal mask hold while the guest runs.</summary>
    /// <exception cref="KvmException">The kernel refuses.</exception>
    public void ResetSignalMask() =>
        Check(Ioctl.KVM_SET_SIGNAL_MASK(this, (kvm_signal_mask*)null), nameof(Ioctl.KVM_SET_SIGNAL_MASK));

    internal static KvmVcpu Map(int fd, int id, int size, int xsaveSize)
    {
        void* shared = Libc.mmap(null, (nuint)size, Uapi.PROT_READ | Uapi.PROT_WRITE, Uapi.MAP_SHARED, fd, 0);
        if ((nint)shared == -1)
        {
            int errno = Marshal.GetLastPInvokeError();
            _ = Libc.close(fd);
            throw new LinuxException("mmap", "vcpu " + id, errno);
        }
        return new KvmVcpu(fd, id, (kvm_run*)shared, (nuint)size, xsaveSize);
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        // SAFETY: a handle is released once, and no call is using it then; the mapping is this object's own.
        _ = Libc.munmap(Shared, _size);
        Shared = null;
        return base.ReleaseHandle();
    }

    private VcpuRunResult NotRun() => Marshal.GetLastPInvokeError() switch
    {
        Uapi.EINTR => VcpuRunResult.Interrupted,
        Uapi.EAGAIN => VcpuRunResult.Again,
        int errno => throw new KvmException(nameof(Ioctl.KVM_RUN), _name, errno),
    };

    private int Check(int result, string ioctl) => KvmException.Check(result, ioctl, _name);
}
