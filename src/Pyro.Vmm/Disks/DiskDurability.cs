namespace Pyro.Vmm.Disks;

/// <summary>What a guest's flush is worth.</summary>
public enum DiskDurability
{
    /// <summary>Flushed data survives the end of this process and a loss of power.</summary>
    Durable,

    /// <summary>The disk is thrown away with the machine: a flush does nothing.</summary>
    ThrowAway,
}
