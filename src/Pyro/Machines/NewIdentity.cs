using System.Runtime.InteropServices;
using Pyro.Kvm;
using Pyro.Protocol;

namespace Pyro.Machines;

/// <summary>What tells a machine from the others of its snapshot.</summary>
internal static class NewIdentity
{
    // Twice the key of the kernel's generator.
    private const int EntropyBytes = 64;

    private const int MaxHostName = 63;

    /// <summary>A machine id as <c>/etc/machine-id</c> holds it: a random UUID's 32 digits.</summary>
    internal static string MachineId() => Guid.NewGuid().ToString("N");

    /// <summary>Nanoseconds since 1970.</summary>
    internal static ulong Now() => (ulong)(DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100;

    /// <summary>An environment's name as a host name: letters, digits and dashes only, because it goes onto the kernel's command line.</summary>
    internal static string HostName(string environment) => Shorten(environment, MaxHostName);

    /// <summary>The host name of a fork: two machines that talk to each other should not have the same.</summary>
    internal static string HostName(string environment, string id) => $"{Shorten(environment, MaxHostName - 1 - id.Length)}-{id}";

    /// <summary>Asks a restored guest to become a machine of its own.</summary>
    /// <param name="hostName">Its host name from now on, or an empty text for the one that it has.</param>
    /// <param name="machineId">Its machine id; null for a new one.</param>
    internal static ResumeRequest Request(string hostName = "", string? machineId = null)
    {
        byte[] entropy = new byte[EntropyBytes];
        Fill(entropy);
        return new ResumeRequest { UnixNanoseconds = Now(), Entropy = entropy, MachineId = machineId ?? MachineId(), HostName = hostName };
    }

    private static string Shorten(string environment, int length)
    {
        ReadOnlySpan<char> name = environment.AsSpan(environment.LastIndexOf('/') + 1);
        Span<char> safe = stackalloc char[Math.Min(name.Length, length)];
        for (int i = 0; i < safe.Length; i++)
            safe[i] = char.IsAsciiLetterOrDigit(name[i]) ? name[i] : '-';
        return new string(safe.Trim('-')) is { Length: > 0 } result ? result : "pyro";
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
