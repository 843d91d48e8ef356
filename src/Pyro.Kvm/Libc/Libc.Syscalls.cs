using Pyro.Kvm.Native;

namespace Pyro.Kvm;

// Calls that older C libraries have no function for.
public static unsafe partial class Libc
{
    /// <summary><c>pidfd_open(2)</c>: a descriptor that becomes readable when the process ends, or -1.</summary>
    public static int pidfd_open(int pid, uint flags = 0) => (int)syscall(Uapi.__NR_pidfd_open, pid, (nint)flags);

    /// <summary><c>close_range(2)</c>: closes, or with <c>CLOSE_RANGE_CLOEXEC</c> marks, every descriptor from <paramref name="first"/> to <paramref name="last"/>.</summary>
    public static int close_range(uint first, uint last, uint flags) => (int)syscall(Uapi.__NR_close_range, (nint)first, (nint)last, (nint)flags);

    /// <summary><c>capset(2)</c>; version 3 has two data structs.</summary>
    public static int capset(__user_cap_header_struct* header, __user_cap_data_struct* data) =>
        (int)syscall(Uapi.__NR_capset, (nint)header, (nint)data);

    /// <summary><c>capget(2)</c>.</summary>
    public static int capget(__user_cap_header_struct* header, __user_cap_data_struct* data) =>
        (int)syscall(Uapi.__NR_capget, (nint)header, (nint)data);

    /// <summary><c>openat2(2)</c>: a descriptor, or -1.</summary>
    public static int openat2(int directory, byte* path, open_how* how) =>
        (int)syscall(Uapi.__NR_openat2, directory, (nint)path, (nint)how, sizeof(open_how));
}
