using System.Runtime.InteropServices;

namespace Pyro.Agent.Native;

/// <summary>
/// The C library calls the agent makes. Raw descriptors and pointers throughout: safe handles and marshalled strings
/// would cost start-up time, and the agent is one thread that knows what it holds.
/// </summary>
internal static unsafe partial class Libc
{
    private const string Name = "libc";

    [LibraryImport(Name, SetLastError = true)]
    public static partial int close(int fd);

    [LibraryImport(Name, SetLastError = true)]
    public static partial nint read(int fd, void* buffer, nuint count);

    [LibraryImport(Name, SetLastError = true)]
    public static partial nint write(int fd, void* buffer, nuint count);

    [LibraryImport(Name, SetLastError = true)]
    public static partial nint send(int fd, void* buffer, nuint count, int flags);

    [LibraryImport(Name, SetLastError = true)]
    public static partial nint recv(int fd, void* buffer, nuint count, int flags);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int open(byte* path, int flags, uint mode);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int openat(int directory, byte* path, int flags, uint mode);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int mkdir(byte* path, uint mode);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int mkdirat(int directory, byte* path, uint mode);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int unlinkat(int directory, byte* path, int flags);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int symlink(byte* target, byte* path);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int chdir(byte* path);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int chroot(byte* path);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int mount(byte* source, byte* target, byte* type, nuint flags, byte* data);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int faccessat(int directory, byte* path, int mode, int flags);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int statx(int directory, byte* path, int flags, uint mask, Statx* buffer);

    [LibraryImport(Name, SetLastError = true)]
    public static partial nint getdents64(int fd, void* buffer, nuint count);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int pipe2(int* fds, int flags);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int fcntl(int fd, int command, nint argument);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int ioctl(int fd, nuint request, nint argument);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int epoll_create1(int flags);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int epoll_ctl(int epoll, int operation, int fd, EpollEvent* events);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int epoll_wait(int epoll, EpollEvent* events, int count, int timeoutMilliseconds);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int eventfd(uint initial, int flags);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int socket(int family, int type, int protocol);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int bind(int fd, void* address, uint length);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int connect(int fd, void* address, uint length);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int listen(int fd, int backlog);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int accept4(int fd, void* address, uint* length, int flags);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int shutdown(int fd, int how);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int waitid(int idType, uint id, void* information, int options);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int waitpid(int pid, int* status, int options);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int kill(int pid, int signal);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int prctl(int option, nuint argument2, nuint argument3, nuint argument4, nuint argument5);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int prlimit(int pid, int resource, ulong* newLimit, ulong* oldLimit);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int sethostname(byte* name, nuint length);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int clock_gettime(int clock, Timespec* time);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int clock_settime(int clock, Timespec* time);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int nanosleep(Timespec* time, Timespec* rest);

    [LibraryImport(Name, SetLastError = true)]
    public static partial void* mmap(void* address, nuint length, int protection, int flags, int fd, nint offset);

    [LibraryImport(Name, SetLastError = true)]
    public static partial int mprotect(void* address, nuint length, int protection);

    [LibraryImport(Name)]
    public static partial nint signal(int number, nint handler);

    [LibraryImport(Name)]
    public static partial uint umask(uint mask);

    [LibraryImport(Name)]
    public static partial void sync();

    [LibraryImport(Name, SetLastError = true)]
    public static partial int reboot(int command);

    [LibraryImport(Name)]
    public static partial int getpid();

    [LibraryImport(Name)]
    public static partial void _exit(int code);
}
