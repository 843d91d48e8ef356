using Pyro.Agent.Native;

namespace Pyro.Agent.Init;

/// <summary>Mounts the root disk and makes it the root.</summary>
internal static unsafe class RootDisk
{
    private const ulong DeviceNanoseconds = 5_000_000_000;

    /// <summary>Does so, or nothing where the command line names no disk.</summary>
    /// <exception cref="LinuxException">The disk is missing, damaged or has no /dev or /proc.</exception>
    public static void Enter(KernelCommandLine commandLine)
    {
        if (commandLine.Root is not { } device)
            return;

        Mounts.MakeDirectory("/newroot\0"u8, 0x1ed);
        Mount(device, commandLine);
        Move("/dev\0"u8, "/newroot/dev\0"u8);
        Move("/proc\0"u8, "/newroot/proc\0"u8);

        // As switch_root does. What is left of the initramfs is this program, whose pages are in use.
        ChangeDirectory("/newroot\0"u8);
        int errno = Mounts.Mount(".\0"u8, "/\0"u8, default, Linux.MS_MOVE, default);
        if (errno != 0)
            throw new LinuxException("mount", "/", errno);
        fixed (byte* here = "."u8)
        {
            if (Libc.chroot(here) < 0)
                throw LinuxException.Last("chroot");
        }

        ChangeDirectory("/\0"u8);
    }

    private static void Mount(string device, KernelCommandLine commandLine)
    {
        byte[] source = Sys.Utf8(device);
        byte[] type = Sys.Utf8(commandLine.RootType);
        byte[] options = Sys.Utf8(commandLine.RootOptions);
        ulong giveUp = Sys.Now() + DeviceNanoseconds;
        var pause = new Timespec { Nanoseconds = 1_000_000 };
        nuint flags = Linux.MS_NOATIME;
        while (true)
        {
            int errno = Mounts.Mount(source, "/newroot\0"u8, type, flags, options);
            switch (errno)
            {
                case 0:
                    return;
                case Linux.EACCES or Linux.EROFS when (flags & Linux.MS_RDONLY) == 0:
                    flags |= Linux.MS_RDONLY;
                    break;
                // Drivers that probe in the background may need a moment.
                case Linux.ENOENT or Linux.ENXIO when Sys.Now() < giveUp:
                    _ = Libc.nanosleep(&pause, null);
                    break;
                default:
                    throw new LinuxException("mount", device, errno);
            }
        }
    }

    private static void Move(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to)
    {
        int errno = Mounts.Mount(from, to, default, Linux.MS_MOVE, default);
        if (errno == Linux.ENOENT)
        {
            Mounts.MakeDirectory(to, 0x1ed);
            errno = Mounts.Mount(from, to, default, Linux.MS_MOVE, default);
        }

        if (errno != 0)
            throw new LinuxException("mount", System.Text.Encoding.UTF8.GetString(to[..^1]), errno);
    }

    private static void ChangeDirectory(ReadOnlySpan<byte> pathWithNul)
    {
        fixed (byte* p = pathWithNul)
        {
            if (Libc.chdir(p) < 0)
                throw LinuxException.Last("chdir");
        }
    }
}
