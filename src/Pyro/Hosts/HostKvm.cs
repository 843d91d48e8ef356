using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Kvm.Native;

namespace Pyro.Hosts;

/// <summary>
/// The one place that decides whether this host can run machines. It looks at the device, the processor's flags and
/// the loaded modules, and takes well under a millisecond.
/// </summary>
public sealed class HostKvm
{
    private HostKvm(KvmKind kind, string summary, string? hint)
    {
        Kind = kind;
        Summary = summary;
        Hint = hint;
    }

    /// <summary>What was found.</summary>
    public KvmKind Kind { get; }

    /// <summary>What was found, in a sentence for people.</summary>
    public string Summary { get; }

    /// <summary>What to do about it, or null if all is well.</summary>
    public string? Hint { get; }

    /// <summary>Looks at this host.</summary>
    public static HostKvm Probe() => Probe(HostFiles.Real);

    internal static HostKvm Probe(HostFiles files)
    {
        HostKvm found = Open(files, out SafeFileHandle? device);
        device?.Dispose();
        return found;
    }

    /// <summary>Opens <c>/dev/kvm</c> for a machine.</summary>
    /// <exception cref="PyroException">This host cannot run machines; its message and hint are those of <c>pyro doctor</c>.</exception>
    internal static SafeFileHandle OpenForMachine()
    {
        HostKvm found = Open(HostFiles.Real, out SafeFileHandle? device);
        if (found.Kind == KvmKind.Hardware && device is not null)
            return device;
        device?.Dispose();
        throw found.ToException();
    }

    /// <summary>The API version that KVM tells, or null if it tells none.</summary>
    internal static int? ApiVersion()
    {
        try
        {
            using KvmSystem system = KvmSystem.Open(HostFiles.Real.Device);
            return system.ApiVersion;
        }
        catch (Exception e) when (e is LinuxException or NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>The error that a command which needs a machine gives on this host.</summary>
    public PyroException ToException() => new(
        Kind switch
        {
            KvmKind.Software => ErrorCodes.KvmSoftwareOnly,
            KvmKind.NoPermission => ErrorCodes.KvmNoPermission,
            KvmKind.None => ErrorCodes.KvmNotFound,
            _ => ErrorCodes.KvmFailed,
        },
        Summary,
        Hint);

    private static HostKvm Open(HostFiles files, out SafeFileHandle? device)
    {
        device = null;
        bool hardware = files.HasVirtualizationFlag();
        int fd = Libc.open(files.Device, Uapi.O_RDWR | Uapi.O_CLOEXEC);
        if (fd < 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            return errno switch
            {
                Uapi.EACCES or Uapi.EPERM => NoPermission(files),
                Uapi.ENOENT or Uapi.ENOTDIR or Uapi.ENODEV or Uapi.ENXIO => Missing(files, hardware),
                _ => new HostKvm(KvmKind.None, $"{files.Device} cannot be opened: {Marshal.GetPInvokeErrorMessage(errno)}", "See the kernel's log (dmesg) for kvm."),
            };
        }
        device = new SafeFileHandle(fd, ownsHandle: true);
        if (files.HasModule("kvm_pvm") || !hardware)
            return Software();
        return new HostKvm(KvmKind.Hardware, $"{files.Device} is there and backed by the processor's own virtualization", null);
    }

    private static HostKvm Software() => new(
        KvmKind.Software,
        "this machine's KVM is emulated in software: it has no hardware virtualization and cannot run a Linux kernel properly",
        "Use a machine with hardware virtualization (Intel VT-x or AMD-V), or run the same command in the emulated one: lab/pyro.");

    private static HostKvm NoPermission(HostFiles files) => new(
        KvmKind.NoPermission,
        $"{files.Device} is there, but this user may not open it for reading and writing",
        "Run: sudo usermod -aG kvm \"$USER\"  and log in again.");

    private static HostKvm Missing(HostFiles files, bool hardware) => hardware
        ? new HostKvm(
            KvmKind.None,
            $"the processor has hardware virtualization, but there is no {files.Device}",
            "Load its module: sudo modprobe kvm_intel  (or kvm_amd). In a container, pass --device /dev/kvm.")
        : new HostKvm(
            KvmKind.None,
            $"there is no {files.Device}, and the processor shows no hardware virtualization",
            "Switch on VT-x or AMD-V in the firmware, or nested virtualization in a virtual machine; or use the emulated machine: lab/pyro.");
}
