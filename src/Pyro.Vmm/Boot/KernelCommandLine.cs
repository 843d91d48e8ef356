using System.Text;
using Pyro.Vmm.Virtio;

namespace Pyro.Vmm.Boot;

/// <summary>
/// The words that every kernel gets from the VMM; docs/kernel.md has each one's reason and cost.
/// </summary>
public static class KernelCommandLine
{
    /// <summary>What does not depend on the machine.</summary>
    public const string Base =
        "console=ttyS0 quiet loglevel=1 panic=-1 reboot=k pyro.poweroff=0x604 rcupdate.rcu_expedited=1 noreplace-smp tsc=reliable swiotlb=noforce rootfstype=ramfs";

    /// <summary>Builds the line: the base words, the virtio-mmio devices, then the caller's own, which win by coming last.</summary>
    internal static string Build(int virtioDevices, string extra)
    {
        var line = new StringBuilder(Base);
        for (int i = 0; i < virtioDevices; i++)
        {
            line.Append(" virtio_mmio.device=").Append(RegisterWindow.Length).Append("@0x").Append(GuestLayout.VirtioRegisters(i).ToString("x")).Append(':').Append(GuestLayout.FirstVirtioIrq + i);
        }

        if (extra.Length > 0)
        {
            line.Append(' ').Append(extra);
        }

        return line.ToString();
    }
}
