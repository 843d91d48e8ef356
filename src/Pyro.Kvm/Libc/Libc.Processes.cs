using System.Runtime.InteropServices;
using Pyro.Kvm.Native;

namespace Pyro.Kvm;

// Processes: starting, waiting for, limiting. The posix_spawn family returns error numbers instead of setting errno.
public static unsafe partial class Libc
{
    /// <summary><c>posix_spawn(3)</c>: 0 or an error number. <see cref="ChildProcess"/> is the safe form.</summary>
    /// <param name="actions">A <see cref="posix_spawn_file_actions_t"/>.</param>
    /// <param name="attributes">A <see cref="posix_spawnattr_t"/>.</param>
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int posix_spawn(int* pid, string path, void* actions, void* attributes, byte** argv, byte** envp);

    /// <summary><c>posix_spawnp(3)</c>: the same, with a search in <c>PATH</c>.</summary>
    /// <param name="actions">A <see cref="posix_spawn_file_actions_t"/>.</param>
    /// <param name="attributes">A <see cref="posix_spawnattr_t"/>.</param>
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int posix_spawnp(int* pid, string file, void* actions, void* attributes, byte** argv, byte** envp);

    /// <summary><c>posix_spawn_file_actions_init(3)</c>.</summary>
    /// <param name="actions">A <see cref="posix_spawn_file_actions_t"/>.</param>
    [LibraryImport(Library)]
    public static partial int posix_spawn_file_actions_init(void* actions);

    /// <summary><c>posix_spawn_file_actions_destroy(3)</c>.</summary>
    /// <param name="actions">A <see cref="posix_spawn_file_actions_t"/>.</param>
    [LibraryImport(Library)]
    public static partial int posix_spawn_file_actions_destroy(void* actions);

    /// <summary><c>posix_spawn_file_actions_adddup2(3)</c>; the same number twice clears its close-on-exec flag.</summary>
    /// <param name="actions">A <see cref="posix_spawn_file_actions_t"/>.</param>
    [LibraryImport(Library)]
    public static partial int posix_spawn_file_actions_adddup2(void* actions, int fd, int newFd);

    /// <summary><c>posix_spawn_file_actions_addclose(3)</c>.</summary>
    /// <param name="actions">A <see cref="posix_spawn_file_actions_t"/>.</param>
    [LibraryImport(Library)]
    public static partial int posix_spawn_file_actions_addclose(void* actions, int fd);

    /// <summary><c>posix_spawn_file_actions_addopen(3)</c>.</summary>
    /// <param name="actions">A <see cref="posix_spawn_file_actions_t"/>.</param>
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int posix_spawn_file_actions_addopen(void* actions, int fd, string path, int flags, uint mode);

    /// <summary><c>posix_spawn_file_actions_addclosefrom_np(3)</c>.</summary>
    /// <param name="actions">A <see cref="posix_spawn_file_actions_t"/>.</param>
    [LibraryImport(Library)]
    public static partial int posix_spawn_file_actions_addclosefrom_np(void* actions, int from);

    /// <summary><c>posix_spawn_file_actions_addchdir_np(3)</c>.</summary>
    /// <param name="actions">A <see cref="posix_spawn_file_actions_t"/>.</param>
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int posix_spawn_file_actions_addchdir_np(void* actions, string path);

    /// <summary><c>posix_spawnattr_init(3)</c>.</summary>
    /// <param name="attributes">A <see cref="posix_spawnattr_t"/>.</param>
    [LibraryImport(Library)]
    public static partial int posix_spawnattr_init(void* attributes);

    /// <summary><c>posix_spawnattr_destroy(3)</c>.</summary>
    /// <param name="attributes">A <see cref="posix_spawnattr_t"/>.</param>
    [LibraryImport(Library)]
    public static partial int posix_spawnattr_destroy(void* attributes);

    /// <summary><c>posix_spawnattr_setflags(3)</c>.</summary>
    /// <param name="attributes">A <see cref="posix_spawnattr_t"/>.</param>
    [LibraryImport(Library)]
    public static partial int posix_spawnattr_setflags(void* attributes, short flags);

    /// <summary><c>posix_spawnattr_setsigmask(3)</c>.</summary>
    /// <param name="mask">A <see cref="__sigset_t"/>.</param>
    /// <param name="attributes">A <see cref="posix_spawnattr_t"/>.</param>
    [LibraryImport(Library)]
    public static partial int posix_spawnattr_setsigmask(void* attributes, void* mask);

    /// <summary><c>posix_spawnattr_setsigdefault(3)</c>.</summary>
    /// <param name="signals">A <see cref="__sigset_t"/>.</param>
    /// <param name="attributes">A <see cref="posix_spawnattr_t"/>.</param>
    [LibraryImport(Library)]
    public static partial int posix_spawnattr_setsigdefault(void* attributes, void* signals);

    /// <summary><c>posix_spawnattr_setpgroup(3)</c>.</summary>
    /// <param name="attributes">A <see cref="posix_spawnattr_t"/>.</param>
    [LibraryImport(Library)]
    public static partial int posix_spawnattr_setpgroup(void* attributes, int group);

    /// <summary><c>waitpid(2)</c>.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int waitpid(int pid, int* status, int options);

    /// <summary><c>waitid(2)</c>.</summary>
    /// <param name="info">A <see cref="siginfo"/>.</param>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int waitid(int kind, uint id, void* info, int options);

    /// <summary><c>getpid(2)</c>.</summary>
    [LibraryImport(Library)]
    public static partial int getpid();

    /// <summary><c>getppid(2)</c>.</summary>
    [LibraryImport(Library)]
    public static partial int getppid();

    /// <summary><c>getuid(2)</c>.</summary>
    [LibraryImport(Library)]
    public static partial uint getuid();

    /// <summary><c>geteuid(2)</c>.</summary>
    [LibraryImport(Library)]
    public static partial uint geteuid();

    /// <summary><c>setsid(2)</c>.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int setsid();

    /// <summary><c>setpgid(2)</c>.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int setpgid(int pid, int group);

    /// <summary><c>_exit(2)</c>: ends the process at once, without the runtime's own end.</summary>
    [LibraryImport(Library)]
    public static partial void _exit(int status);

    /// <summary><c>prctl(2)</c>.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int prctl(int option, nuint argument2 = 0, nuint argument3 = 0, nuint argument4 = 0, nuint argument5 = 0);

    /// <summary><c>getrlimit(2)</c>.</summary>
    /// <param name="limit">A <see cref="rlimit"/>.</param>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int getrlimit(int resource, void* limit);

    /// <summary><c>setrlimit(2)</c>.</summary>
    /// <param name="limit">A <see cref="rlimit"/>.</param>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int setrlimit(int resource, void* limit);

    /// <summary><c>sysconf(3)</c>: the value, or -1.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial nint sysconf(int name);

    /// <summary><c>unshare(2)</c>.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int unshare(int flags);

    /// <summary><c>umask(2)</c>.</summary>
    [LibraryImport(Library)]
    public static partial uint umask(uint mask);

    /// <summary><c>getrandom(2)</c>.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial nint getrandom(void* buffer, nuint length, uint flags);

    /// <summary><c>syscall(2)</c>, for calls that the C library has no function for.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial nint syscall(nint number, nint argument1 = 0, nint argument2 = 0, nint argument3 = 0, nint argument4 = 0, nint argument5 = 0, nint argument6 = 0);

    /// <summary>
    /// <c>syscall(2)</c> without a word to the runtime: for calls that end at once, and for the one thread of a process's
    /// copy, whose runtime is dead. Errors are in <see cref="errno_in_place"/>.
    /// </summary>
    [LibraryImport(Library, EntryPoint = "syscall"), SuppressGCTransition]
    public static partial nint syscall_in_place(nint number, nint argument1, nint argument2, nint argument3, nint argument4, nint argument5);

    /// <summary>Where this thread's <c>errno</c> lies.</summary>
    [LibraryImport(Library, EntryPoint = "__errno_location"), SuppressGCTransition]
    public static partial int* errno_in_place();
}
