using System.Text;
using Pyro.Agent.Native;

namespace Pyro.Agent.Init;

/// <summary>What makes a machine itself: set at boot, and again when it goes on from a snapshot.</summary>
internal static unsafe class Identity
{
    private const int MaxHostName = 64;

    /// <summary>Mixes bytes into the kernel's random pool, credits them and has every generator begin anew from it.</summary>
    /// <exception cref="LinuxException">The pool takes none; two machines of a snapshot would draw the same numbers.</exception>
    public static void AddEntropy(ReadOnlySpan<byte> bytes)
    {
        int device = Sys.Open("/dev/urandom\0"u8, Linux.O_RDWR);
        if (device < 0)
            throw LinuxException.Last("open", "/dev/urandom");

        // struct rand_pool_info: bits of entropy, bytes, and these bytes.
        int* pool = stackalloc int[2 + ((bytes.Length + 3) / 4)];
        pool[0] = bytes.Length * 8;
        pool[1] = bytes.Length;
        bytes.CopyTo(new Span<byte>(pool + 2, bytes.Length));
        bool done = Libc.ioctl(device, Linux.RNDADDENTROPY, (nint)pool) == 0 && Libc.ioctl(device, Linux.RNDRESEEDCRNG, 0) == 0;
        var failure = done ? null : LinuxException.Last("ioctl", "/dev/urandom");
        Sys.Close(ref device);
        if (failure is not null)
            throw failure;
    }

    /// <summary>Sets the wall clock.</summary>
    /// <exception cref="LinuxException">The kernel does not take the time.</exception>
    public static void SetTime(ulong unixNanoseconds)
    {
        var time = Timespec.FromNanoseconds(unixNanoseconds);
        if (Libc.clock_settime(Linux.CLOCK_REALTIME, &time) < 0)
            throw LinuxException.Last("clock_settime");
    }

    /// <summary>Sets the host name.</summary>
    /// <exception cref="LinuxException">It is too long.</exception>
    public static void SetHostName(string name)
    {
        fixed (byte* p = Sys.Utf8(name))
        {
            if (Libc.sethostname(p, (nuint)Encoding.UTF8.GetByteCount(name)) < 0)
                throw LinuxException.Last("sethostname", name);
        }
    }

    /// <summary>Changes the host name, in <c>/etc/hosts</c> too.</summary>
    /// <exception cref="LinuxException">It is too long.</exception>
    public static void ChangeHostName(string name)
    {
        Span<byte> before = stackalloc byte[MaxHostName + 1];
        int length = Sys.ReadFile("/proc/sys/kernel/hostname\0"u8, before);
        SetHostName(name);
        if (length > 0)
            HostsFile.Rename(Encoding.UTF8.GetString(before[..length].TrimEnd((byte)'\n')), name);
    }

    /// <summary>
    /// Sets the machine id as systemd does where the root disk must not change: a file in <c>/run</c> that lies over
    /// <c>/etc/machine-id</c>. An image without such a file goes without.
    /// </summary>
    /// <exception cref="LinuxException">The file cannot be written.</exception>
    public static void SetMachineId(string id)
    {
        ReadOnlySpan<byte> path = "/run/machine-id\0"u8;
        int file = Sys.Open(path, Linux.O_WRONLY | Linux.O_CREAT | Linux.O_EXCL, 0x124);
        bool isNew = file >= 0;
        if (!isNew)
            file = Sys.Open(path, Linux.O_WRONLY);
        bool written = file >= 0 && Sys.Write(file, Encoding.UTF8.GetBytes(id + "\n")) > 0;
        var failure = written ? null : LinuxException.Last("write", "/run/machine-id");
        Sys.Close(ref file);
        if (failure is not null)
            throw failure;
        if (isNew)
            _ = Mounts.Mount(path, "/etc/machine-id\0"u8, default, Linux.MS_BIND, default);
    }
}
