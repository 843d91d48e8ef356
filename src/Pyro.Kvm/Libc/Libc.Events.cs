using System.Runtime.InteropServices;
using Pyro.Kvm.Native;

namespace Pyro.Kvm;

// Waiting: eventfd, epoll, poll, timers.
public static unsafe partial class Libc
{
    /// <summary><c>eventfd(2)</c>: a descriptor, or -1. <see cref="EventFd"/> is the safe form.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int eventfd(uint initial, int flags);

    /// <summary><c>poll(2)</c>.</summary>
    /// <param name="descriptors">A <see cref="pollfd"/>.</param>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int poll(void* descriptors, nuint count, int timeoutMilliseconds);

    /// <summary><c>ppoll(2)</c>; <paramref name="mask"/> may be null.</summary>
    /// <param name="descriptors">A <see cref="pollfd"/>.</param>
    /// <param name="timeout">A <see cref="timespec"/>.</param>
    /// <param name="mask">A <see cref="__sigset_t"/>.</param>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int ppoll(void* descriptors, nuint count, void* timeout, void* mask);

    /// <summary><c>epoll_create1(2)</c>: a descriptor, or -1.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int epoll_create1(int flags);

    /// <summary><c>epoll_ctl(2)</c>.</summary>
    /// <param name="event">A <see cref="epoll_event"/>.</param>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int epoll_ctl(SafeHandle epoll, int operation, SafeHandle fd, void* @event);

    /// <summary><c>epoll_wait(2)</c>: events, or -1.</summary>
    /// <param name="events">A <see cref="epoll_event"/>.</param>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int epoll_wait(SafeHandle epoll, void* events, int maximum, int timeoutMilliseconds);

    /// <summary><c>timerfd_create(2)</c>: a descriptor, or -1.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int timerfd_create(int clock, int flags);

    /// <summary><c>timerfd_settime(2)</c>; <paramref name="old"/> may be null.</summary>
    /// <param name="value">A <see cref="itimerspec"/>.</param>
    /// <param name="old">A <see cref="itimerspec"/>.</param>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int timerfd_settime(SafeHandle fd, int flags, void* value, void* old);

    /// <summary><c>clock_gettime(2)</c>.</summary>
    /// <param name="time">A <see cref="timespec"/>.</param>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int clock_gettime(int clock, void* time);

    /// <summary><c>nanosleep(2)</c>.</summary>
    /// <param name="duration">A <see cref="timespec"/>.</param>
    /// <param name="remaining">A <see cref="timespec"/>.</param>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int nanosleep(void* duration, void* remaining);
}
