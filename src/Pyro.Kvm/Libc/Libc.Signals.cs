using System.Runtime.InteropServices;
using Pyro.Kvm.Native;

namespace Pyro.Kvm;

// Signals. The sigset functions fail only for a wrong number; pthread_sigmask returns its error instead of setting errno.
public static unsafe partial class Libc
{
    /// <summary><c>sigemptyset(3)</c>.</summary>
    /// <param name="set">A <see cref="__sigset_t"/>.</param>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int sigemptyset(void* set);

    /// <summary><c>sigfillset(3)</c>.</summary>
    /// <param name="set">A <see cref="__sigset_t"/>.</param>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int sigfillset(void* set);

    /// <summary><c>sigaddset(3)</c>.</summary>
    /// <param name="set">A <see cref="__sigset_t"/>.</param>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int sigaddset(void* set, int signal);

    /// <summary><c>sigdelset(3)</c>.</summary>
    /// <param name="set">A <see cref="__sigset_t"/>.</param>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int sigdelset(void* set, int signal);

    /// <summary><c>sigismember(3)</c>.</summary>
    /// <param name="set">A <see cref="__sigset_t"/>.</param>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int sigismember(void* set, int signal);

    /// <summary><c>pthread_sigmask(3)</c>: 0 or an error number.</summary>
    /// <param name="set">A <see cref="__sigset_t"/>.</param>
    /// <param name="old">A <see cref="__sigset_t"/>.</param>
    [LibraryImport(Library)]
    public static partial int pthread_sigmask(int how, void* set, void* old);

    /// <summary><c>sigtimedwait(2)</c>: the signal, or -1.</summary>
    /// <param name="timeout">A <see cref="timespec"/>.</param>
    /// <param name="set">A <see cref="__sigset_t"/>.</param>
    /// <param name="info">A <see cref="siginfo"/>.</param>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int sigtimedwait(void* set, void* info, void* timeout);

    /// <summary><c>sigpending(2)</c>.</summary>
    /// <param name="set">A <see cref="__sigset_t"/>.</param>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int sigpending(void* set);

    /// <summary><c>kill(2)</c>.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int kill(int pid, int signal);

    /// <summary><c>tgkill(2)</c>.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int tgkill(int pid, int thread, int signal);

    /// <summary><c>gettid(2)</c>.</summary>
    [LibraryImport(Library)]
    public static partial int gettid();
}
