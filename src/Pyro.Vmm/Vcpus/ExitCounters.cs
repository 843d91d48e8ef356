namespace Pyro.Vmm.Vcpus;

/// <summary>How often a vCPU left the guest. Written by its own thread only; readers may see numbers that are a moment old.</summary>
public sealed class ExitCounters
{
    /// <summary>Port I/O.</summary>
    public long Port { get; internal set; }

    /// <summary>Accesses to device registers in memory space; queue notifications never come here, ioeventfd takes them.</summary>
    public long Mmio { get; internal set; }

    /// <summary>Signals and retries.</summary>
    public long Interrupted { get; internal set; }
}
