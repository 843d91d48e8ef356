using Pyro.Kvm;
using Pyro.Kvm.Native;

namespace Pyro.Hosts;

/// <summary>How much the host has, and how much of it this process may take.</summary>
internal static unsafe class HostLimits
{
    private const int _SC_PHYS_PAGES = 85;

    /// <summary>The host's memory in MiB.</summary>
    internal static long MemoryMib { get; } = (Libc.sysconf(_SC_PHYS_PAGES) * Environment.SystemPageSize) >> 20;

    /// <summary>How many files this process may have open; all ones for no limit.</summary>
    internal static ulong OpenFiles => LimitOf(Uapi.RLIMIT_NOFILE);

    /// <summary>How many bytes this process may map; all ones for no limit.</summary>
    internal static ulong AddressSpace => LimitOf(Uapi.RLIMIT_AS);

    private static ulong LimitOf(int resource)
    {
        rlimit limit;
        // SAFETY: the kernel fills in exactly the struct.
        return Libc.getrlimit(resource, &limit) == 0 ? limit.rlim_cur : ulong.MaxValue;
    }
}
