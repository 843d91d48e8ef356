using System.Runtime.InteropServices;
using Pyro.Agent.Native;

namespace Pyro.Agent.Loop;

/// <summary>
/// One epoll, one thread. Everything the agent does while commands run happens here without blocking, so a hundred
/// commands cost no threads, and no state needs a lock.
/// </summary>
internal sealed unsafe class EventLoop : IEventTarget
{
    private const int Batch = 64;
    private static readonly ulong s_one = 1;
    private readonly int _epoll;
    private readonly int _posted;
    private readonly Queue<Action> _posts = new();
    private readonly List<IEventTarget> _timed = [];
    private readonly Queue<IEventTarget> _again = new();
    private readonly Stack<int> _free = new();
    private Slot[] _slots = new Slot[16];
    private int _used;

    public EventLoop()
    {
        _epoll = Libc.epoll_create1(Linux.EFD_CLOEXEC);
        if (_epoll < 0)
            throw LinuxException.Last("epoll_create1");
        _posted = Libc.eventfd(0, Linux.EFD_CLOEXEC | Linux.EFD_NONBLOCK);
        if (_posted < 0)
            throw LinuxException.Last("eventfd");
        Add(_posted, Linux.EPOLLIN, this, 0);
    }

    /// <summary>Set to leave <see cref="Run"/> after the current round.</summary>
    public bool Stopped { get; set; }

    /// <summary>Registers a descriptor, edge-triggered, and returns the slot to remove it by.</summary>
    public int Add(int fd, uint events, IEventTarget target, int source)
    {
        int index = _free.Count > 0 ? _free.Pop() : _used++;
        if (index == _slots.Length)
            Array.Resize(ref _slots, _slots.Length * 2);

        ref Slot slot = ref _slots[index];
        slot.Target = target;
        slot.Source = source;
        slot.Fd = fd;
        var entry = new EpollEvent { Events = events | Linux.EPOLLET, Data = ((ulong)slot.Generation << 32) | (uint)index };
        if (Libc.epoll_ctl(_epoll, Linux.EPOLL_CTL_ADD, fd, &entry) < 0)
        {
            LinuxException error = LinuxException.Last("epoll_ctl");
            Release(index);
            throw error;
        }

        return index;
    }

    /// <summary>Removes a descriptor before it is closed; events already fetched for it are dropped.</summary>
    public void Remove(ref int index)
    {
        if (index < 0)
            return;

        EpollEvent unused;
        _ = Libc.epoll_ctl(_epoll, Linux.EPOLL_CTL_DEL, _slots[index].Fd, &unused);
        Release(index);
        index = -1;
    }

    /// <summary>From now on the target's deadline is looked at.</summary>
    public void Watch(IEventTarget target) => _timed.Add(target);

    /// <summary>The target's deadline is not looked at any more.</summary>
    public void Unwatch(IEventTarget target) => _timed.Remove(target);

    /// <summary>Calls the target again after the others had their turn.</summary>
    public void Again(IEventTarget target) => _again.Enqueue(target);

    /// <summary>Has a call made on the loop's thread. The one member for other threads.</summary>
    public void Post(Action action)
    {
        lock (_posts)
            _posts.Enqueue(action);
        _ = Sys.Write(_posted, MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in s_one)));
    }

    public void Run()
    {
        EpollEvent* events = stackalloc EpollEvent[Batch];
        while (!Stopped)
        {
            int count = Libc.epoll_wait(_epoll, events, Batch, Timeout());
            for (int i = 0; i < count; i++)
                Dispatch(events[i]);

            for (int turns = _again.Count; turns > 0; turns--)
                Call(_again.Dequeue(), Cause.Again, 0, 0);

            CallExpired();
        }
    }

    /// <inheritdoc/>
    void IEventTarget.OnEvents(int source, uint events)
    {
        ulong count;
        _ = Sys.Read(_posted, new Span<byte>(&count, sizeof(ulong)));
        MakePosted();
    }

    /// <inheritdoc/>
    void IEventTarget.OnAgain() => MakePosted();

    /// <inheritdoc/>
    void IEventTarget.OnFault(Exception exception)
    {
        Sys.Log(exception.Message);
        Again(this);
    }

    private void MakePosted()
    {
        while (true)
        {
            Action? action;
            lock (_posts)
            {
                if (!_posts.TryDequeue(out action))
                    return;
            }

            action();
        }
    }

    private void Dispatch(EpollEvent entry)
    {
        Slot slot = _slots[(uint)entry.Data];
        if (slot.Target is not null && slot.Generation == (uint)(entry.Data >> 32))
            Call(slot.Target, Cause.Events, slot.Source, entry.Events);
    }

    private void CallExpired()
    {
        if (_timed.Count == 0)
            return;

        ulong now = Sys.Now();
        for (int i = _timed.Count - 1; i >= 0; i--)
        {
            // A call may remove others: the list shrinks only behind what was looked at, or is short by then.
            if (i < _timed.Count && _timed[i].Deadline <= now)
                Call(_timed[i], Cause.Deadline, 0, 0);
        }
    }

    // PID 1 must not die of a fault in one connection: the target clears up after itself and the rest goes on.
    private static void Call(IEventTarget target, Cause cause, int source, uint events)
    {
        try
        {
            switch (cause)
            {
                case Cause.Events:
                    target.OnEvents(source, events);
                    break;
                case Cause.Again:
                    target.OnAgain();
                    break;
                default:
                    target.OnDeadline();
                    break;
            }
        }
        catch (Exception e)
        {
            target.OnFault(e);
        }
    }

    private int Timeout()
    {
        if (_again.Count > 0)
            return 0;

        ulong next = ulong.MaxValue;
        foreach (IEventTarget target in _timed)
            next = Math.Min(next, target.Deadline);
        if (next == ulong.MaxValue)
            return -1;

        ulong now = Sys.Now();
        return next <= now ? 0 : (int)Math.Min((next - now + 999_999) / 1_000_000, 60_000);
    }

    private void Release(int index)
    {
        _slots[index] = new Slot { Generation = _slots[index].Generation + 1 };
        _free.Push(index);
    }

    private enum Cause
    {
        Events,
        Again,
        Deadline,
    }

    private struct Slot
    {
        public IEventTarget? Target;
        public int Source;
        public int Fd;
        public uint Generation;
    }
}
