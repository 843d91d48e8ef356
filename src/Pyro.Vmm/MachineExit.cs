namespace Pyro.Vmm;

/// <summary>Why a machine ended.</summary>
public enum MachineExitReason
{
    /// <summary>The guest switched itself off.</summary>
    Shutdown,

    /// <summary>The guest asked for a reset.</summary>
    Reboot,

    /// <summary>The guest's kernel panicked.</summary>
    Panic,

    /// <summary>A vCPU met a fault while it handled a fault while it handled a fault.</summary>
    TripleFault,

    /// <summary>KVM could not carry out an instruction for the guest.</summary>
    EmulationFailure,

    /// <summary>KVM refused to run the vCPU, or the VMM failed.</summary>
    InternalError,

    /// <summary>The host stopped the machine.</summary>
    Stopped,

    /// <summary>The machine reached the end of its time to live.</summary>
    Expired,
}

/// <summary>How a machine ended.</summary>
/// <param name="Reason">The kind of end.</param>
/// <param name="Message">One line for people.</param>
/// <param name="Fault">Registers and instructions, where a vCPU was at fault.</param>
/// <param name="ConsoleTail">The console's last lines, where they explain the end.</param>
public sealed record MachineExit(MachineExitReason Reason, string Message, MachineFault? Fault = null, string? ConsoleTail = null);

/// <summary>A vCPU's state at a fault.</summary>
/// <param name="Vcpu">Which vCPU.</param>
/// <param name="Registers">General, segment and control registers, a few a line.</param>
/// <param name="Instructions">The instructions around RIP, one a line, RIP's marked; empty if its page is not mapped.</param>
public sealed record MachineFault(int Vcpu, IReadOnlyList<string> Registers, IReadOnlyList<string> Instructions);
