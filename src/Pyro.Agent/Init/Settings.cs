using Pyro.Agent.Native;

namespace Pyro.Agent.Init;

/// <summary>Small things a running system has: a name, the time, limits, the loopback interface.</summary>
internal static unsafe class Settings
{
    // systemd's hard limit for services; the soft limit is for programs of today rather than for select().
    private const ulong MaxFiles = 524_288;
    private const ulong SoftFiles = 65_536;

    public static void Apply(KernelCommandLine commandLine)
    {
        if (commandLine.Time is { } nanoseconds)
            Identity.SetTime(nanoseconds);
        if (commandLine.HostName is { Length: > 0 } name)
            Identity.SetHostName(name);
        if (commandLine.MachineId is { Length: > 0 } id)
            Identity.SetMachineId(id);

        ulong* limit = stackalloc ulong[] { SoftFiles, MaxFiles };
        _ = Libc.prlimit(0, Linux.RLIMIT_NOFILE, limit, null);
        RaiseLoopback();
        HostsFile.Ensure(commandLine.HostName);
    }

    // A kernel without networking has no such interface.
    private static void RaiseLoopback()
    {
        int socket = Libc.socket(Linux.AF_INET, Linux.SOCK_DGRAM | Linux.SOCK_CLOEXEC, 0);
        if (socket < 0)
            return;

        // struct ifreq: a name of 16 bytes and, here, a short of flags.
        byte* request = stackalloc byte[40];
        new Span<byte>(request, 40).Clear();
        request[0] = (byte)'l';
        request[1] = (byte)'o';
        if (Libc.ioctl(socket, Linux.SIOCGIFFLAGS, (nint)request) == 0)
        {
            *(short*)(request + 16) |= Linux.IFF_UP;
            _ = Libc.ioctl(socket, Linux.SIOCSIFFLAGS, (nint)request);
        }

        Sys.Close(ref socket);
    }
}
