namespace Pyro.Vmm.Virtio;

/// <summary>A device's way to interrupt the guest.</summary>
public interface IInterruptLine
{
    /// <summary>Raises one edge. Called on any thread; never blocks.</summary>
    void Trigger();
}
