namespace Pyro.Kvm;

/// <summary>The two address spaces in which an x86 guest reaches devices.</summary>
public enum IoBus
{
    /// <summary>Physical addresses that no memory slot covers.</summary>
    Mmio,

    /// <summary>Ports.</summary>
    Port,
}
