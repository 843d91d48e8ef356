namespace Pyro.Hosts;

/// <summary>What kind of KVM a host has.</summary>
public enum KvmKind
{
    /// <summary>KVM on the processor's own virtualization: what Pyro needs.</summary>
    Hardware,

    /// <summary>KVM that emulates the guest's kernel in software. It cannot run Linux properly.</summary>
    Software,

    /// <summary>No <c>/dev/kvm</c>.</summary>
    None,

    /// <summary>A <c>/dev/kvm</c> that this user may not open.</summary>
    NoPermission,
}
