using Pyro.Kvm;
using Pyro.Kvm.Native;

namespace Pyro.Vmm.Processes;

/// <summary>
/// What a VMM process gives up before it runs guest code: it has every descriptor it needs and starts no program.
/// </summary>
internal static unsafe class Confinement
{
    /// <summary><c>_LINUX_CAPABILITY_VERSION_3</c> of linux/capability.h.</summary>
    private const uint CapabilityVersion3 = 0x20080522;

    internal static void Apply()
    {
        // Guest memory belongs into no core file and into no other process's hands.
        Check(Libc.prctl(Uapi.PR_SET_DUMPABLE, 0), "prctl", "PR_SET_DUMPABLE");
        Check(Libc.prctl(Uapi.PR_SET_NO_NEW_PRIVS, 1), "prctl", "PR_SET_NO_NEW_PRIVS");
        DropCapabilities();
        RaiseDescriptorLimit();
    }

    /// <summary>Each vsock connection is a descriptor, and the usual soft limit is for programs that use select.</summary>
    private static void RaiseDescriptorLimit()
    {
        rlimit limit;
        Check(Libc.getrlimit(Uapi.RLIMIT_NOFILE, &limit), "getrlimit", "RLIMIT_NOFILE");
        limit.rlim_cur = limit.rlim_max;
        Check(Libc.setrlimit(Uapi.RLIMIT_NOFILE, &limit), "setrlimit", "RLIMIT_NOFILE");
    }

    private static void DropCapabilities()
    {
        var header = new __user_cap_header_struct { version = CapabilityVersion3 };
        __user_cap_data_struct* none = stackalloc __user_cap_data_struct[2];
        none[0] = none[1] = default;
        // SAFETY: version 3 reads two data structs.
        Check(Libc.capset(&header, none), "capset", "no capabilities");
    }

    private static void Check(int result, string call, string what)
    {
        if (result < 0)
        {
            throw LinuxException.Last(call, what);
        }
    }
}
