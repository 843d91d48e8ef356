namespace Pyro.Kvm;

/// <summary>Why <see cref="KvmVcpu.Run"/> came back.</summary>
public enum VcpuRunResult
{
    /// <summary>The guest needs something: <c>kvm_run.exit_reason</c> says what.</summary>
    Exit,

    /// <summary>A signal arrived or <see cref="KvmVcpu.ImmediateExit"/> was set (EINTR).</summary>
    Interrupted,

    /// <summary>The vCPU was waiting to be started by another and has been (EAGAIN): run it again.</summary>
    Again,
}
