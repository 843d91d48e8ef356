using System.Runtime.InteropServices;

namespace Pyro.Kvm;

/// <summary>An ioctl of <c>/dev/kvm</c>, of a VM or of a vCPU failed.</summary>
public sealed class KvmException : LinuxException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="ioctl">The ioctl's name, <c>KVM_SET_USER_MEMORY_REGION</c>.</param>
    /// <param name="target">What it was done to, <c>vm</c> or <c>vcpu 0</c>, with what distinguishes the call (<c>vm, slot 1</c>).</param>
    /// <param name="errno">The error number.</param>
    public KvmException(string ioctl, string target, int errno)
        : base(ioctl, "on " + target, errno)
    {
    }

    /// <summary>The ioctl that failed.</summary>
    public string Ioctl => Call;

    /// <summary>Passes an ioctl's result on, or throws for -1.</summary>
    internal static int Check(int result, string ioctl, string target) =>
        result >= 0 ? result : throw new KvmException(ioctl, target, Marshal.GetLastPInvokeError());
}
