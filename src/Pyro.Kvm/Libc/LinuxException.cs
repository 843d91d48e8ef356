using System.Runtime.InteropServices;

namespace Pyro.Kvm;

/// <summary>A system call failed. Says which call, on what, and why.</summary>
public class LinuxException : IOException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="call">The call, <c>open</c>.</param>
    /// <param name="target">What it was done to, <c>/dev/kvm</c>; empty if there is nothing to name.</param>
    /// <param name="errno">The error number.</param>
    public LinuxException(string call, string target, int errno)
        : base((target.Length == 0 ? call : call + " " + target) + ": " + Kvm.Errno.Describe(errno))
    {
        Call = call;
        Target = target;
        Errno = errno;
    }

    /// <summary>The call that failed.</summary>
    public string Call { get; }

    /// <summary>What it was done to.</summary>
    public string Target { get; }

    /// <summary>The error number, one of <c>Uapi.E...</c>.</summary>
    public int Errno { get; }

    /// <summary>The exception for the P/Invoke call that has just failed on this thread.</summary>
    public static LinuxException Last(string call, string target = "") => new(call, target, Marshal.GetLastPInvokeError());
}
