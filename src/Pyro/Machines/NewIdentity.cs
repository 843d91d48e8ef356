using System.Runtime.InteropServices;
using Pyro.Kvm;
using Pyro.Protocol;

namespace Pyro.Machines;

/// <summary>What tells a machine from the others of its snapshot.</summary>
internal static class NewIdentity
{
    // Twice the key of the kernel's generator.
    private const int EntropyBytes = 64;

    /// <summary>A machine id as <c>/etc/machine-id</c> holds it: a random UUID's 32 digits.</summary>
    internal static string MachineId() => Guid.NewGuid().ToString("N");

    /// <summary>Nanoseconds since 1970.</summary>
    internal static ulong Now() => (ulong)(DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100;

    /// <summary>Asks a restored guest to become a machine of its own.</summary>
    internal static ResumeRequest Request()
    {
        byte[] entropy = new byte[EntropyBytes];
        Fill(entropy);
        return new ResumeRequest { UnixNanoseconds = Now(), Entropy = entropy, MachineId = MachineId() };
    }

    // The kernel gives up to 256 bytes whole. The base library's classes would load OpenSSL first.
    private static unsafe void Fill(Span<byte> bytes)
    {
        // SAFETY: the kernel writes as many bytes as it is told.
        fixed (byte* first = bytes)
        {
            if (Libc.getrandom(first, (nuint)bytes.Length, 0) != bytes.Length)
                throw new InvalidOperationException($"getrandom: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }
}
