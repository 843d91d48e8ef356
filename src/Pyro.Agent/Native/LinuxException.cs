using System.Runtime.InteropServices;

namespace Pyro.Agent.Native;

/// <summary>A system call failed.</summary>
/// <param name="call">The call.</param>
/// <param name="on">What it was about, or an empty text.</param>
/// <param name="errno">Why.</param>
internal sealed class LinuxException(string call, string on, int errno) : Exception
{
    public int Errno { get; } = errno;

    public override string Message => on.Length == 0
        ? call + ": " + Describe(Errno)
        : call + " " + on + ": " + Describe(Errno);

    public static string Describe(int errno) => Marshal.GetPInvokeErrorMessage(errno);

    public static LinuxException Last(string call, string on = "") => new(call, on, Marshal.GetLastPInvokeError());
}
