using Pyro.Kvm.Native;
using static Iced.Intel.AssemblerRegisters;

namespace Pyro.Kvm.Tests;

public sealed unsafe class InterruptionTests
{
    private const int Kick = Uapi.SIGUSR1;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    [Fact]
    public void Immediate_exit_finishes_the_last_access_and_comes_back()
    {
        using var guest = new TestGuest(c =>
        {
            c.@in(al, 0x11);
            c.@out(0x12, al);
            c.hlt();
        });
        guest.RunTo(Uapi.KVM_EXIT_IO);
        *((byte*)guest.Vcpu.Shared + guest.Vcpu.Shared->io.data_offset) = 0x77;

        guest.Vcpu.ImmediateExit = true;
        Assert.Equal(VcpuRunResult.Interrupted, guest.Vcpu.Run());
        Assert.Equal(VcpuRunResult.Interrupted, guest.Vcpu.Run());

        Assert.Equal(0x77, (byte)guest.Regs().rax);
        guest.Vcpu.ImmediateExit = false;
        Assert.Equal(0x77, guest.RunToPortWrite(0x12));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_blocked_signal_that_the_vcpus_mask_lets_through_stops_the_guest(bool halted)
    {
        using var guest = new TestGuest(
            c =>
            {
                if (halted)
                {
                    // With an interrupt controller in the kernel, it is the kernel that waits here.
                    c.hlt();
                }
                var forever = c.CreateLabel();
                c.Label(ref forever);
                c.jmp(forever);
            },
            irqchip: halted);
        using var started = new ManualResetEventSlim();
        int thread = 0;
        var result = VcpuRunResult.Exit;
        int taken = 0;
        var runner = new Thread(() =>
        {
            __sigset_t kick = SetOf(Kick);
            Assert.Equal(0, Libc.pthread_sigmask(Uapi.SIG_BLOCK, &kick, null));
            guest.Vcpu.SetSignalMask(0);
            thread = Libc.gettid();
            started.Set();
            result = guest.Vcpu.Run();
            timespec now = default;
            taken = Libc.sigtimedwait(&kick, null, &now);
        });
        runner.Start();
        Assert.True(started.Wait(s_patience));

        // The guest may not have been entered yet: the signal stays pending and stops it when it is.
        Assert.Equal(0, Libc.tgkill(Environment.ProcessId, thread, Kick));

        Assert.True(runner.Join(s_patience));
        Assert.Equal(VcpuRunResult.Interrupted, result);
        Assert.Equal(Kick, taken);
        Assert.Equal((uint)Uapi.KVM_EXIT_INTR, guest.Vcpu.Shared->exit_reason);
    }

    [Fact]
    public void A_signal_that_the_mask_blocks_does_not_stop_the_guest()
    {
        using var guest = new TestGuest(c => c.@out(0x10, al));
        var result = VcpuRunResult.Interrupted;
        int taken = 0;
        var runner = new Thread(() =>
        {
            __sigset_t kick = SetOf(Kick);
            Assert.Equal(0, Libc.pthread_sigmask(Uapi.SIG_BLOCK, &kick, null));
            guest.Vcpu.SetSignalMask(1ul << (Kick - 1));
            Assert.Equal(0, Libc.tgkill(Environment.ProcessId, Libc.gettid(), Kick));
            result = guest.Vcpu.Run();
            timespec now = default;
            taken = Libc.sigtimedwait(&kick, null, &now);
        });
        runner.Start();

        Assert.True(runner.Join(s_patience));
        Assert.Equal(VcpuRunResult.Exit, result);
        Assert.Equal(Kick, taken);
    }

    private static __sigset_t SetOf(int signal)
    {
        __sigset_t set;
        Assert.Equal(0, Libc.sigemptyset(&set));
        Assert.Equal(0, Libc.sigaddset(&set, signal));
        return set;
    }
}
