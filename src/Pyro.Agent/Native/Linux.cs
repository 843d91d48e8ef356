namespace Pyro.Agent.Native;

/// <summary>Constants of the Linux x86-64 ABI, under the kernel's names.</summary>
internal static class Linux
{
    public const int EPERM = 1;
    public const int ENOENT = 2;
    public const int EINTR = 4;
    public const int EIO = 5;
    public const int ENOEXEC = 8;
    public const int ECHILD = 10;
    public const int EAGAIN = 11;
    public const int EACCES = 13;
    public const int EBUSY = 16;
    public const int EEXIST = 17;
    public const int ENODEV = 19;
    public const int ENOTDIR = 20;
    public const int EINVAL = 22;
    public const int ENFILE = 23;
    public const int EMFILE = 24;
    public const int EROFS = 30;
    public const int ELOOP = 40;
    public const int ENXIO = 6;
    public const int ENOMEM = 12;
    public const int ENOBUFS = 105;
    public const int EPIPE = 32;
    public const int ENOTCONN = 107;
    public const int EINPROGRESS = 115;

    public const int O_RDONLY = 0;
    public const int O_WRONLY = 1;
    public const int O_RDWR = 2;
    public const int O_CREAT = 0x40;
    public const int O_EXCL = 0x80;
    public const int O_NOCTTY = 0x100;
    public const int O_TRUNC = 0x200;
    public const int O_NONBLOCK = 0x800;
    public const int O_DIRECTORY = 0x10000;
    public const int O_CLOEXEC = 0x80000;
    public const int O_PATH = 0x200000;

    public const int AT_FDCWD = -100;
    public const int AT_REMOVEDIR = 0x200;
    public const int AT_EACCESS = 0x200;
    public const int X_OK = 1;
    public const uint STATX_TYPE = 1;
    public const ushort S_IFMT = 0xf000;
    public const ushort S_IFDIR = 0x4000;
    public const ushort S_IFREG = 0x8000;

    public const int F_GETFD = 1;
    public const int F_SETFL = 4;

    public const int EPOLL_CTL_ADD = 1;
    public const int EPOLL_CTL_DEL = 2;
    public const uint EPOLLIN = 1;
    public const uint EPOLLOUT = 4;
    public const uint EPOLLERR = 8;
    public const uint EPOLLHUP = 16;
    public const uint EPOLLRDHUP = 0x2000;
    public const uint EPOLLET = 1u << 31;
    public const int EFD_CLOEXEC = 0x80000;
    public const int EFD_NONBLOCK = 0x800;

    public const int AF_UNIX = 1;
    public const int AF_INET = 2;
    public const int AF_VSOCK = 40;
    public const int SOCK_STREAM = 1;
    public const int SOCK_DGRAM = 2;
    public const int SOCK_NONBLOCK = 0x800;
    public const int SOCK_CLOEXEC = 0x80000;
    public const int MSG_NOSIGNAL = 0x4000;
    public const int SHUT_WR = 1;
    public const uint VMADDR_CID_ANY = uint.MaxValue;

    public const nuint FIONREAD = 0x541b;
    public const nuint TIOCSCTTY = 0x540e;
    public const nuint TIOCGPGRP = 0x540f;
    public const nuint TIOCSWINSZ = 0x5414;
    public const nuint TIOCSPTLCK = 0x40045431;
    public const nuint TIOCGPTPEER = 0x5441;
    public const nuint TCGETS = 0x5401;
    public const nuint TCSETS = 0x5402;
    public const uint IUTF8 = 0x4000;
    public const nuint RNDADDENTROPY = 0x40085203;
    public const nuint RNDRESEEDCRNG = 0x5207;
    public const nuint SIOCGIFFLAGS = 0x8913;
    public const nuint SIOCSIFFLAGS = 0x8914;
    public const short IFF_UP = 1;

    public const int SIGHUP = 1;
    public const int SIGINT = 2;
    public const int SIGQUIT = 3;
    public const int SIGKILL = 9;
    public const int SIGPIPE = 13;
    public const int SIGTERM = 15;
    public const int SIGCHLD = 17;
    public const int SIGTSTP = 20;
    public const int SIGWINCH = 28;
    public const nint SIG_DFL = 0;
    public const nint SIG_IGN = 1;
    public const int SIG_SETMASK = 2;

    public const int P_ALL = 0;
    public const int WNOHANG = 1;
    public const int WEXITED = 4;
    public const int WNOWAIT = 0x1000000;
    public const int PR_SET_CHILD_SUBREAPER = 36;
    public const int RLIMIT_NOFILE = 7;

    public const nuint MS_RDONLY = 1;
    public const nuint MS_NOSUID = 2;
    public const nuint MS_NODEV = 4;
    public const nuint MS_NOEXEC = 8;
    public const nuint MS_REMOUNT = 32;
    public const nuint MS_NOATIME = 1024;
    public const nuint MS_BIND = 4096;
    public const nuint MS_MOVE = 8192;

    public const int PROT_READ = 1;
    public const int PROT_WRITE = 2;
    public const int PROT_EXEC = 4;
    public const int MAP_PRIVATE = 2;
    public const int MAP_ANONYMOUS = 0x20;

    public const int CLOCK_REALTIME = 0;
    public const int CLOCK_MONOTONIC = 1;

    public const int RB_AUTOBOOT = 0x01234567;
    public const int RB_POWER_OFF = 0x4321fedc;

    public const long SYS_rt_sigaction = 13;
    public const long SYS_rt_sigprocmask = 14;
    public const long SYS_ioctl = 16;
    public const long SYS_dup2 = 33;
    public const long SYS_execve = 59;
    public const long SYS_chdir = 80;
    public const long SYS_setsid = 112;
    public const long SYS_close_range = 436;

    public const ulong CLONE_VM = 0x100;
    public const ulong CLONE_VFORK = 0x4000;
    public const ulong CLONE_CLEAR_SIGHAND = 0x1_0000_0000;
    public const ulong CLONE_INTO_CGROUP = 0x2_0000_0000;
}
