using System.Text;
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
        {
            var time = Timespec.FromNanoseconds(nanoseconds);
            _ = Libc.clock_settime(Linux.CLOCK_REALTIME, &time);
        }

        if (commandLine.HostName is { Length: > 0 and <= 64 } name)
        {
            fixed (byte* p = Sys.Utf8(name))
                _ = Libc.sethostname(p, (nuint)Encoding.UTF8.GetByteCount(name));
        }

        ulong* limit = stackalloc ulong[] { SoftFiles, MaxFiles };
        _ = Libc.prlimit(0, Linux.RLIMIT_NOFILE, limit, null);
        RaiseLoopback();
        EnsureHosts(commandLine.HostName);
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

    // Only where the image has none: an image's own is the image's business.
    private static void EnsureHosts(string? name)
    {
        int file = Sys.Open("/etc/hosts\0"u8, Linux.O_WRONLY | Linux.O_CREAT | Linux.O_EXCL, 0x1a4);
        if (file < 0)
            return;

        string text = "127.0.0.1\tlocalhost" + (name is null ? "" : " " + name) + "\n::1\tlocalhost ip6-localhost ip6-loopback\n";
        _ = Sys.Write(file, Encoding.UTF8.GetBytes(text));
        Sys.Close(ref file);
    }
}
