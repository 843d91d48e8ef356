using Pyro.Agent.Native;

namespace Pyro.Agent.Init;

/// <summary>The file systems of a guest that are not disks.</summary>
internal static unsafe class Mounts
{
    /// <summary>/dev and /proc: what is needed to find the root disk.</summary>
    public static void MountDevices()
    {
        // No noexec: programs map /dev/zero executable.
        Require("devtmpfs\0"u8, "/dev\0"u8, Linux.MS_NOSUID, "mode=0755\0"u8);
        Require("proc\0"u8, "/proc\0"u8, Linux.MS_NOSUID | Linux.MS_NODEV | Linux.MS_NOEXEC, default);
    }

    /// <summary>What commands expect. A kernel may lack any of it.</summary>
    public static void MountRest()
    {
        const nuint NoDevices = Linux.MS_NOSUID | Linux.MS_NODEV;
        const nuint Inert = NoDevices | Linux.MS_NOEXEC;
        Try("devpts\0"u8, "/dev/pts\0"u8, Linux.MS_NOSUID | Linux.MS_NOEXEC, "gid=5,mode=0620,ptmxmode=0666\0"u8);
        Try("tmpfs\0"u8, "/dev/shm\0"u8, NoDevices, "mode=1777\0"u8);
        Try("tmpfs\0"u8, "/run\0"u8, NoDevices, "mode=0755\0"u8);
        Try("sysfs\0"u8, "/sys\0"u8, Inert, default);
        Try("cgroup2\0"u8, "/sys/fs/cgroup\0"u8, Inert, default);
        Try("mqueue\0"u8, "/dev/mqueue\0"u8, Inert, default);
        MakeDirectory("/run/lock\0"u8, 0x3ff);

        Link("/proc/self/fd\0"u8, "/dev/fd\0"u8);
        Link("/proc/self/fd/0\0"u8, "/dev/stdin\0"u8);
        Link("/proc/self/fd/1\0"u8, "/dev/stdout\0"u8);
        Link("/proc/self/fd/2\0"u8, "/dev/stderr\0"u8);
    }

    /// <summary>Makes a directory unless it is there.</summary>
    public static void MakeDirectory(ReadOnlySpan<byte> pathWithNul, uint mode)
    {
        fixed (byte* p = pathWithNul)
            _ = Libc.mkdir(p, mode);
    }

    /// <summary>Mounts; 0 or the errno.</summary>
    public static int Mount(ReadOnlySpan<byte> source, ReadOnlySpan<byte> target, ReadOnlySpan<byte> type, nuint flags, ReadOnlySpan<byte> data)
    {
        fixed (byte* s = source, t = target, f = type, d = data)
            return Libc.mount(s, t, f, flags, d) == 0 ? 0 : Sys.Errno;
    }

    private static void Require(ReadOnlySpan<byte> type, ReadOnlySpan<byte> target, nuint flags, ReadOnlySpan<byte> data)
    {
        int errno = MakeAndMount(type, target, flags, data);
        // EBUSY: the kernel mounted it itself.
        if (errno is not (0 or Linux.EBUSY))
            throw new LinuxException("mount", System.Text.Encoding.UTF8.GetString(target[..^1]), errno);
    }

    private static void Try(ReadOnlySpan<byte> type, ReadOnlySpan<byte> target, nuint flags, ReadOnlySpan<byte> data)
        => _ = MakeAndMount(type, target, flags, data);

    private static int MakeAndMount(ReadOnlySpan<byte> type, ReadOnlySpan<byte> target, nuint flags, ReadOnlySpan<byte> data)
    {
        int errno = Mount(type, target, type, flags, data);
        if (errno != Linux.ENOENT)
            return errno;

        MakeDirectory(target, 0x1ed);
        return Mount(type, target, type, flags, data);
    }

    private static void Link(ReadOnlySpan<byte> target, ReadOnlySpan<byte> path)
    {
        fixed (byte* t = target, p = path)
            _ = Libc.symlink(t, p);
    }
}
