using System.Runtime.InteropServices;
using Pyro.Kvm;

namespace Pyro.Vmm;

/// <summary>
/// A thread of a machine, whose start nobody waits for. <see cref="Thread.Start()"/> comes back when the new thread runs,
/// and until then yields its processor over and over: a quarter of a millisecond for each thread, and two or three, a
/// time slice, where processors are busy.
/// </summary>
internal sealed unsafe class MachineThread(string name, Action body)
{
    private const nuint StackBytes = 256 << 10;

    private readonly Lock _joining = new();
    private nuint _id;
    private volatile bool _started;
    private volatile bool _ended;
    private bool _joined;

    /// <summary>Whether it was started and has not come to its end.</summary>
    internal bool IsAlive => _started && !_ended;

    /// <summary>Starts it; once.</summary>
    /// <exception cref="LinuxException">The host has no memory left, or allows no more threads.</exception>
    internal void Start()
    {
        GCHandle self = GCHandle.Alloc(this);
        byte* attributes = stackalloc byte[Libc.PthreadAttributesSize];
        _started = true;
        // SAFETY: the attributes live in this frame, which they are not needed after; the handle keeps this object for the thread.
        _ = Libc.pthread_attr_init(attributes);
        _ = Libc.pthread_attr_setstacksize(attributes, StackBytes);
        int error;
        fixed (nuint* id = &_id)
            error = Libc.pthread_create(id, attributes, &Run, GCHandle.ToIntPtr(self));
        _ = Libc.pthread_attr_destroy(attributes);
        if (error == 0)
            return;
        _started = false;
        self.Free();
        throw new LinuxException("pthread_create", name, error);
    }

    /// <summary>Returns when it has ended; at once if it was never started.</summary>
    internal void Join()
    {
        lock (_joining)
        {
            if (_joined || !_started)
                return;
            _joined = true;
            _ = Libc.pthread_join(_id, null);
        }
    }

    [UnmanagedCallersOnly]
    private static nint Run(nint handle)
    {
        GCHandle self = GCHandle.FromIntPtr(handle);
        var thread = (MachineThread)self.Target!;
        self.Free();
        thread.Run();
        return 0;
    }

    private void Run()
    {
        Thread.CurrentThread.Name = name;
        body();
        _ended = true;
    }
}
