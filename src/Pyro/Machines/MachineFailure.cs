using System.Text;
using Pyro.Vmm;
using Pyro.Vmm.Processes;

namespace Pyro.Machines;

/// <summary>Turns a machine's end into an error for people.</summary>
internal static class MachineFailure
{
    /// <summary>The VMM process could not build the machine.</summary>
    internal static PyroException NotBuilt(VmmException e, MachineOptions options) => e.Code switch
    {
        "boot_failed" => new PyroException(ErrorCodes.KernelDamaged, e.Message, "Build the kernel again: ./build.sh", e),
        "snapshot_failed" => new PyroException(ErrorCodes.SnapshotFailed, e.Message, "Boot instead: --cold", e),
        "disk_failed" => new PyroException(ErrorCodes.EnvironmentDamaged, e.Message, $"Install it again: pyro env remove {options.Environment} && pyro env pull {options.Environment}", e),
        "kvm_failed" => new PyroException(ErrorCodes.KvmFailed, e.Message, "Run: pyro doctor", e),
        "out_of_memory" => new PyroException(ErrorCodes.OutOfMemory, $"no memory for a machine of {options.MemMib} MiB: {e.Message}", "Choose a smaller --mem-mib, or free memory on the host.", e),
        _ => new PyroException(ErrorCodes.BootFailed, e.Message, "Run: pyro doctor", e),
    };

    /// <summary>The machine ended before its agent was up.</summary>
    internal static PyroException BeforeReady(MachineExit exit) =>
        new(ErrorCodes.BootFailed, $"the guest did not boot: {LastWordsOfAgent(exit) ?? exit.Message}", "Run it again with --verbose for the guest's last words.", Detail(exit));

    /// <summary>The machine ended while a command ran in it.</summary>
    internal static PyroException WhileRunning(MachineExit exit) => new(
        ErrorCodes.MachineDied,
        exit.Reason switch
        {
            MachineExitReason.Shutdown => "the guest switched itself off before the command ended",
            MachineExitReason.Reboot => "the guest rebooted before the command ended",
            MachineExitReason.Panic => $"the guest's kernel panicked: {exit.Message}",
            _ => $"the machine died: {exit.Message}",
        },
        exit.Reason == MachineExitReason.Panic ? "If memory was short, choose a larger --mem-mib; --verbose shows the guest's last words." : "Run it again with --verbose for more.",
        Detail(exit));

    // An agent that gives up says why on the console and resets the machine.
    private static string? LastWordsOfAgent(MachineExit exit)
    {
        const string mark = "pyro-agent: fatal: ";
        string console = exit.ConsoleTail ?? "";
        int start = console.LastIndexOf(mark, StringComparison.Ordinal);
        if (start < 0)
            return null;
        start += mark.Length;
        int end = console.IndexOf('\n', start);
        return "the agent could not start: " + (end < 0 ? console[start..] : console[start..end]);
    }

    private static string? Detail(MachineExit exit)
    {
        var text = new StringBuilder();
        if (exit.Fault is MachineFault fault)
        {
            text.Append("vCPU ").Append(fault.Vcpu).Append('\n');
            foreach (string line in fault.Registers)
                text.Append(line).Append('\n');
            foreach (string line in fault.Instructions)
                text.Append(line).Append('\n');
        }
        text.Append(exit.ConsoleTail);
        return text.Length > 0 ? text.ToString().TrimEnd('\n') : null;
    }
}
