using Microsoft.Win32.SafeHandles;
using Pyro.Vmm.Processes;

namespace Pyro.Machines;

/// <summary>What a machine has that outlives it, and who it is: the open files of a workspace.</summary>
internal sealed class KeptMachine : IDisposable
{
    /// <summary>Its root disk; the machine's once it is launched.</summary>
    internal required MachineDisk Disk { get; init; }

    /// <summary>How many of the disk's frozen layers, from the lowest, show the workspace as it was at first.</summary>
    internal required int BaselineLayers { get; init; }

    /// <summary>Locked for as long as the machine lives.</summary>
    internal required SafeFileHandle Alive { get; init; }

    /// <summary>An empty file that tells at last how the machine ended.</summary>
    internal required SafeFileHandle Exit { get; init; }

    /// <summary>An empty file for what the guest's kernel says.</summary>
    internal required SafeFileHandle Console { get; init; }

    /// <summary>An empty file for what the machine's process says.</summary>
    internal required SafeFileHandle Log { get; init; }

    /// <summary>When the machine ends by itself, or null.</summary>
    internal DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>The guest's host name.</summary>
    internal required string HostName { get; init; }

    /// <summary>What its <c>/etc/machine-id</c> shows.</summary>
    internal required string MachineId { get; init; }

    /// <summary>Puts the files into a configuration.</summary>
    /// <param name="config">A machine's.</param>
    /// <param name="files">Its descriptors.</param>
    internal MachineConfig AddTo(MachineConfig config, DescriptorList files)
    {
        DiskConfig root = config.Disks[0];
        // Nothing names it: the machine's process has it, and that is all it is for.
        files.Lend(Alive);
        return config with
        {
            Disks =
            [
                root with { Durable = true },
                root with { Name = root.Name + " (baseline)", LayerDescriptors = new List<int>(root.LayerDescriptors).GetRange(0, BaselineLayers), OverlayDescriptor = null, ReadOnly = true },
            ],
            ExitDescriptor = files.Lend(Exit),
            ConsoleDescriptor = files.Lend(Console),
            LogDescriptor = files.Lend(Log),
            ExpiresAtMs = ExpiresAt?.ToUnixTimeMilliseconds(),
        };
    }

    public void Dispose()
    {
        Alive.Dispose();
        Exit.Dispose();
        Console.Dispose();
        Log.Dispose();
    }
}
