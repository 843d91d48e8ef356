using System.Runtime.InteropServices;
using Pyro.Agent.Native;

namespace Pyro.Agent.Serving;

/// <summary>
/// Tells the loop that a child can be reaped. A thread, because SIGCHLD cannot be had reliably: threads of the runtime
/// exist before the first line of C# and have it unblocked. It only looks (WNOWAIT); the loop reaps, so that a process
/// number is never reused while the loop still thinks it knows whose it is.
/// </summary>
internal sealed unsafe class Reaper
{
    private const int SignalInformationSize = 128;
    private static readonly ulong s_one = 1;
    private readonly int _news;
    private readonly int _go;
    private bool _started;
    private bool _parked = true;

    public Reaper()
    {
        _news = Libc.eventfd(0, Linux.EFD_CLOEXEC | Linux.EFD_NONBLOCK);
        _go = Libc.eventfd(0, Linux.EFD_CLOEXEC);
        if (_news < 0 || _go < 0)
            throw LinuxException.Last("eventfd");
    }

    /// <summary>Becomes readable when <see cref="OnNews"/> is to be called.</summary>
    public int News => _news;

    /// <summary>Whether there were children when last looked at.</summary>
    public bool HasChildren => !_parked;

    /// <summary>There is a child to wait for.</summary>
    public void OnSpawned()
    {
        if (!_started)
        {
            _started = true;
            // It runs nothing but two system calls.
            var thread = new Thread(Wait, maxStackSize: 128 * 1024) { IsBackground = true };
            thread.Start();
        }

        if (_parked)
            Go();
    }

    /// <summary>Reaps all children that ended.</summary>
    /// <param name="onExit">Called for each with its process and wait status.</param>
    /// <returns>Whether children are left.</returns>
    public bool OnNews(Action<int, int> onExit)
    {
        ulong count;
        _ = Sys.Read(_news, new Span<byte>(&count, sizeof(ulong)));
        int status;
        int process;
        while ((process = Libc.waitpid(-1, &status, Linux.WNOHANG)) > 0)
            onExit(process, status);

        bool left = process == 0;
        if (left)
            Go();
        else
            _parked = true;
        return left;
    }

    private void Go()
    {
        _parked = false;
        _ = Sys.Write(_go, MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in s_one)));
    }

    private void Wait()
    {
        byte* information = stackalloc byte[SignalInformationSize];
        ulong count;
        while (true)
        {
            _ = Sys.Read(_go, new Span<byte>(&count, sizeof(ulong)));
            while (Libc.waitid(Linux.P_ALL, 0, information, Linux.WEXITED | Linux.WNOWAIT) < 0 && Sys.Errno == Linux.EINTR)
            {
            }

            _ = Sys.Write(_news, MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in s_one)));
        }
    }
}
