using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Kvm.Native;

namespace Pyro.Vmm.Virtio.Vsock;

/// <summary>An epoll(7) instance of one thread.</summary>
internal sealed unsafe partial class Epoll : IDisposable
{
    private readonly SafeFileHandle _handle;
    private readonly int _fd;

    internal Epoll()
    {
        _fd = epoll_create1(Uapi.EPOLL_CLOEXEC);
        if (_fd < 0)
            throw new LinuxException("epoll_create1", "a vsock device", SocketCalls.Errno);
        _handle = new SafeFileHandle(_fd, ownsHandle: true);
    }

    /// <summary>Watches a descriptor. Closing the descriptor ends it.</summary>
    /// <returns>False if the host has no room for another watch.</returns>
    internal bool TryAdd(int fd, uint events, ulong token) => Control(Uapi.EPOLL_CTL_ADD, fd, events, token);

    /// <summary>Changes what is watched for. What is true already is reported anew.</summary>
    internal void Modify(int fd, uint events, ulong token) => Control(Uapi.EPOLL_CTL_MOD, fd, events, token);

    internal void Remove(int fd) => Control(Uapi.EPOLL_CTL_DEL, fd, 0, 0);

    /// <summary>Waits until something happens.</summary>
    /// <param name="events">Filled from the front.</param>
    /// <param name="timeout">Milliseconds; -1 for ever.</param>
    /// <returns>How many events.</returns>
    /// <exception cref="LinuxException">The call failed other than by a signal.</exception>
    internal int Wait(Span<epoll_event> events, int timeout)
    {
        fixed (epoll_event* first = events)
        {
            int count = epoll_wait(_fd, first, events.Length, timeout);
            if (count >= 0)
                return count;
        }

        return SocketCalls.Errno == Uapi.EINTR ? 0 : throw new LinuxException("epoll_wait", "a vsock device", SocketCalls.Errno);
    }

    public void Dispose() => _handle.Dispose();

    private bool Control(int operation, int fd, uint events, ulong token)
    {
        epoll_event value = new() { events = events, data = token };
        return epoll_ctl(_fd, operation, fd, &value) == 0;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_ctl(int epoll, int operation, int fd, epoll_event* value);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_wait(int epoll, epoll_event* events, int count, int timeout);
}
