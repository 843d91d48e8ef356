using Pyro.Kvm;
using Pyro.Kvm.Native;

namespace Pyro.Vmm.Vcpus;

/// <summary>
/// Gets a thread out of <c>KVM_RUN</c>. The signal is blocked in the thread and open only while KVM runs the guest, so no
/// handler, managed or not, ever sees it: KVM returns <c>EINTR</c>, and <see cref="Take"/> takes the signal off the queue.
/// </summary>
internal sealed unsafe class VcpuKick
{
    /// <summary>A real-time signal that neither the C library (32, 33) nor the .NET runtime (34) uses.</summary>
    internal const int Signal = 42;

    private readonly Lock _lock = new();
    private int _threadId;

    /// <summary>To be called once, on the vCPU's thread, before its first run.</summary>
    internal void PrepareThread(KvmVcpu vcpu)
    {
        const ulong bit = 1UL << (Signal - 1);
        __sigset_t block;
        __sigset_t before;
        _ = Libc.sigemptyset(&block);
        _ = Libc.sigaddset(&block, Signal);
        int error = Libc.pthread_sigmask(Uapi.SIG_BLOCK, &block, &before);
        if (error != 0)
        {
            throw new LinuxException("pthread_sigmask", "vCPU thread", error);
        }

        // The kernel knows the first 64 signals; the C library's set begins with them.
        vcpu.SetSignalMask(before.__val[0] & ~bit);
        lock (_lock)
        {
            _threadId = Libc.gettid();
        }
    }

    /// <summary>On the vCPU's thread, before it goes on: a kick that stays would end every further run at once.</summary>
    internal static void Take()
    {
        __sigset_t kick;
        timespec now = default;
        _ = Libc.sigemptyset(&kick);
        _ = Libc.sigaddset(&kick, Signal);
        while (Libc.sigtimedwait(&kick, null, &now) == Signal)
        {
        }
    }

    /// <summary>To be called last on the vCPU's thread: a thread id can be given to another thread afterwards.</summary>
    internal void ThreadEnds()
    {
        lock (_lock)
        {
            _threadId = 0;
        }
    }

    internal void Send()
    {
        lock (_lock)
        {
            if (_threadId != 0)
            {
                _ = Libc.tgkill(Environment.ProcessId, _threadId, Signal);
            }
        }
    }
}
