using Pyro.Kvm;
using Pyro.Vmm.Virtio;

namespace Pyro.Vmm;

/// <summary>An interrupt line of the I/O APIC, raised by writing to an eventfd: no vCPU thread and no lock is involved.</summary>
internal sealed class IrqLine : IInterruptLine, IDisposable
{
    private readonly EventFd _event = new();

    internal IrqLine(KvmVm vm, uint irq) => vm.AddIrqfd(_event, irq);

    public void Trigger() => _event.Signal();

    public void Dispose() => _event.Dispose();
}
