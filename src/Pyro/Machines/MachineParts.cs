using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Microsoft.Win32.SafeHandles;
using Pyro.Components;
using Pyro.Environments;
using Pyro.Files;
using Pyro.Vmm.Boot;

namespace Pyro.Machines;

/// <summary>What a machine is put together from, and the same in words: a snapshot fits a machine of the same words.</summary>
internal sealed record MachineParts
{
    private MachineParts(MachineOptions options, string environment, string digest, string rootDisk, PyroPaths paths)
    {
        Environment = environment;
        RootDisk = rootDisk;
        Executable = Component.Executable();
        Kernel = Component.Kernel(paths);
        Protocol = KernelImage.Protocol();
        Agent = Component.Agent();
        Identity =
        [
            ExecutableLine(),
            $"host: {Host()}",
            $"kernel: {StampOf(Kernel)} {Protocol}",
            $"agent: {StampOf(Agent)}",
            options.ForWorkspace ? $"environment: {environment} {digest}" : $"environment: {environment} {digest} {StampOf(rootDisk)}",
            $"size: {options.VcpuCount} vCPU, {options.MemMib} MiB",
            $"use: {(options.ForWorkspace ? "workspace" : "run")}",
        ];
        WarmName = $"{Path.GetFileName(Path.GetDirectoryName(rootDisk))}-{options.VcpuCount}x{options.MemMib}{(options.ForWorkspace ? WorkspaceMark : "")}";
    }

    /// <summary>Ends the warm name of a workspace's machine.</summary>
    internal const string WorkspaceMark = "w";

    /// <summary>The environment's name.</summary>
    internal string Environment { get; }

    /// <summary>The root file system: an ext4 image that machines only read.</summary>
    internal string RootDisk { get; }

    /// <summary>The executable that becomes the machine's process.</summary>
    internal string Executable { get; }

    /// <summary>The kernel's path.</summary>
    internal string Kernel { get; }

    /// <summary>How the kernel is entered.</summary>
    internal BootProtocol Protocol { get; }

    /// <summary>The agent's path.</summary>
    internal string Agent { get; }

    /// <summary>A line for each part that a snapshot depends on.</summary>
    internal IReadOnlyList<string> Identity { get; }

    /// <summary>What all warm snapshots of this environment and size are called, whatever they were made from.</summary>
    internal string WarmName { get; }

    /// <summary>16 hexadecimal digits of <see cref="Identity"/>.</summary>
    internal string Key => ShortHash.Of(string.Join('\n', Identity));

    /// <summary>Finds the parts. Nothing is opened.</summary>
    /// <exception cref="PyroException">One is not there, or damaged.</exception>
    internal static MachineParts Find(MachineOptions options, PyroPaths paths)
    {
        InstalledEnvironment environment = EnvironmentStore.OfUser(paths).Resolve(options.Environment);
        return new MachineParts(options, environment.Name, environment.Digest, environment.RootDisk, paths);
    }

    /// <summary>The parts of a machine whose root disk is not, or no more, one of an installed environment.</summary>
    internal static MachineParts Find(MachineOptions options, string digest, string rootDisk, PyroPaths paths) =>
        new(options, options.Environment, digest, rootDisk, paths);

    /// <summary>Refuses to start machines of a snapshot that this very executable has not taken.</summary>
    /// <exception cref="PyroException">The executable was replaced meanwhile.</exception>
    internal void RequireSameExecutable()
    {
        if (Identity[0] != ExecutableLine())
        {
            throw new PyroException(
                ErrorCodes.ForkFailed,
                $"{Executable} was replaced since the machine started, and another pyro cannot run its forks",
                "Start the machine again.");
        }
    }

    private string ExecutableLine() => $"pyro: {StampOf(Executable)}";

    internal SafeFileHandle OpenKernel(PyroPaths paths) => KernelImage.Open(Kernel, paths);

    internal SafeFileHandle OpenInitramfs(PyroPaths paths) => Initramfs.Open(paths.Initramfs, Agent);

    internal SafeFileHandle OpenRootDisk() => PrivateFile.Open(RootDisk);

    // As make does it: a file of the same inode, length and time is the same file.
    private static string StampOf(string path)
    {
        (ulong inode, ulong size, ulong modified) = FileStatus.IdentityOf(path);
        return string.Create(CultureInfo.InvariantCulture, $"{inode:x}-{size:x}-{modified:x}");
    }

    // A cache may be shared between hosts. What a processor can do in detail is compared when a snapshot is loaded.
    private static string Host()
    {
        string processor = "";
        if (X86Base.IsSupported)
        {
            (int signature, _, int ecx, int edx) = X86Base.CpuId(1, 0);
            const int osxsave = 1 << 27;
            processor = string.Create(CultureInfo.InvariantCulture, $"{signature:x}-{ecx | osxsave:x}-{edx:x} ");
        }

        return processor + RuntimeInformation.OSDescription;
    }
}
